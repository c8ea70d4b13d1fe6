"""What is said about recordings: the data set, its descriptions and labels, and the output format."""
