"""From features and labels to a trained network: batches, Keras, the files of a run."""
