"""What every room and script shares: errors, whole files, processes, settings, command lines."""
