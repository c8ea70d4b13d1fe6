"""What convert_dataset.py is made of: files found and written, and dataset.toml."""
