"""Reports: the results of a run as numbers and words, undrawn."""
