"""Encoders on disk: creating, loading and saving them."""
