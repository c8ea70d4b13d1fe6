"""From predictions and descriptions to scores and tables. The arithmetic is in `metrics/`."""
