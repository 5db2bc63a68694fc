"""Whether a study can run: all that is wrong with it, or looks like a slip, before any work."""
