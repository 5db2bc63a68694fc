"""The study config: its sections, checks and messages."""
