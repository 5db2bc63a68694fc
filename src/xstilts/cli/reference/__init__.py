"""The generated pages of ``docs/reference/``: keys of a study file, commands, JSON schema."""
