"""Training: batches, the loop, checkpoints, evaluation on dev data."""
