"""Sentence retrieval: embeddings, nearest neighbours, bitext mining."""
