"""Canonical examples, encoded examples and tokenizers."""
