"""A user's YAML becomes plain data, or a sentence with file, line and column."""
