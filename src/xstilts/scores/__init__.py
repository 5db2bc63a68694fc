"""Scores: their files, collapse flags, gains over the baseline, and how they are labelled."""
