"""What a study will cost before it runs, and what is left of that while it does."""
