"""THE PLAN, plain data: machine, mesh, placement, tasks and their writer, the type of prices, parts of a system."""
