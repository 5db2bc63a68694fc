"""The five research questions, one module each. Their common entry point is ``answer``."""
