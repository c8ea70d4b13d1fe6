"""What can be trained: for each method its features, targets, network, and how outputs are read."""
