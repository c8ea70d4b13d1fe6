"""From recordings and descriptions to features and labels on disk."""
