"""THE NETWORK, what is computed: blocks, layers, graph, reference arithmetic (golden), drawn constants, the zoo."""
