"""Encoders on disk: loading and saving."""
