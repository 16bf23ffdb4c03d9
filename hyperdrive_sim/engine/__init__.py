"""THE READERS: when (simulate, trace), what (replay, memories), in which order (hazards), how full (occupancy), how much (ledger)."""
