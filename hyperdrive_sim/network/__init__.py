"""WHAT is computed: blocks, layers, the graph of them, reference arithmetic (golden), drawn constants, the zoo."""
