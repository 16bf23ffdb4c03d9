"""What a run says, as numbers and words, undrawn."""
