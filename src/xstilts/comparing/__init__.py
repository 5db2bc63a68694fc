"""Two studies side by side: what differs in config, data and code, and in scores."""
