"""THE NETWORK, what is computed: boxes, windows, layers, graph, reference arithmetic (golden), drawn constants, the zoo."""
