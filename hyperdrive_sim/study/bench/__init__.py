"""BENCH: how fast the simulator is on this machine, and how much memory it takes; two installations of it side by side, in turns.

Whole processes (`wholes`) are started, timed and weighed from outside. What happens inside one process is measured by short scripts.
`inside` (stages of a run) and `counting` (instructions) can be run by any installation of the package, an older one too; `engines` and
`convolving` (kernels) compare what this one has.

Reading order: spread (medians, the fitted exponent), installation (which package is run, and how), turns (A B A B); then the sections:
wholes, staging over inside and engines, convolutions over convolving (over layers, jobs, ceiling), instructions over counting; and
`benchmark`, which runs those that are asked for.
"""
