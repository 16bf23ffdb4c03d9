"""Files from anywhere: opened only if they are ordinary ones, read once, and never more of them than was asked for."""
