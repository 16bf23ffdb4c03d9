"""BENCH: how fast the simulator is on this machine, and how much memory it takes; two installations of it side by side, in turns.

Whole processes (`wholes`) are started, timed and weighed from outside. What happens inside one process (`staging`, `counting`) is measured
by short scripts that any installation of the package can run, an older one too. The convolution kernels take turns in this process.

Reading order: spread (medians, the fitted exponent), installation (which package is run, and how), turns (A B A B), then one module per
section, and `benchmark`, which runs those that are asked for.
"""
