"""Worlds in which the effect that a research question asks for is planted, or absent: synthetic twins of its study."""
