"""Pictures: of recordings and of training."""
