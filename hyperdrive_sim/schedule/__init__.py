"""THE PLAN, plain data: machine, mesh, placement, tasks, prices."""
