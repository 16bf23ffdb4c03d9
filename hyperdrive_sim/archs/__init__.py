"""One folder per chip; the folder is the registry. Two architectures never import each other."""
