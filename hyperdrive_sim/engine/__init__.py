"""THE READERS of a schedule: times, values, order, occupancy, energy.

Reading order. Times: simulate, which chooses between clockwork (SimPy; `turns` explains whose turn it is) and the compiled loop of
`kernels.event_loop`; both make a trace, and drop frames where that is allowed (waiting, for clockwork). Values: replay, which goes through
the trace, over computing (blocks, by threads of background), places (where tasks of one pattern read and write), memories (what lies there)
and extent (how much of a map). Order: hazards over accesses. How full memories are: occupancy. Energy: ledger. `effects` reads for all of
them what a task does to data; `Compiled`, in compiled, is what they take, and keeps what each of them makes.
"""
