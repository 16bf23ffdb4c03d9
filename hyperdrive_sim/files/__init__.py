"""Files from anywhere: opened only if they are ordinary ones, and never more read of them than was asked for."""
