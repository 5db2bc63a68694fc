"""Synthetic twins of the questions' studies: their truth, and what the report has answered."""
