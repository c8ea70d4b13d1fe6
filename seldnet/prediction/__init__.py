"""A trained model on recordings of any length and rate."""
