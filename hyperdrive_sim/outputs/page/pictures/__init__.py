"""The pictures of a page, a module each."""
