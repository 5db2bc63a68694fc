"""Datasets and models of the Hugging Face Hub: downloads at pinned commits, and reading of the downloads."""
