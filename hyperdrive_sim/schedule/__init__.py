"""THE PLAN, plain data: a machine, a network placed on it, and the tasks that run it.

Reading order. Tasks: columns, tasks (a row), patterns (what tasks do to data), schedule (all of them, a column for each field) with
admission (which frames may be dropped), writer over growing, critical_path. The machine: machine, mesh, fifo. The network on it: placement,
mapped, and parts, for one that is a part of a system. What is known of figures: provenance under prices and spec. `lazy` is a mapping whose
values are made when they are asked for.
"""
