"""Canonical examples, encoded examples and tokenizers on disk."""
