"""The file of a new study, as ``xstilts init`` writes it."""
