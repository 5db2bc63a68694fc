"""What surrounds one running job: attempts, run lock, GPU lease, signals, log messages."""
