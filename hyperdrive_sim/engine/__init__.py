"""THE READERS of a schedule: times (simulate, trace), values (replay, memories), hazards, occupancy of memories, energy (ledger).

`effects` reads for all of them what a task does to data; `Compiled` is what they take, and keeps what each of them makes.
"""
