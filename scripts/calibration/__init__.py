"""Simulated studies with known effects, and how often each question's test finds them."""
