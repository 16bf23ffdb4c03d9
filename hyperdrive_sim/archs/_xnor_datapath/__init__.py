"""The binary datapath that XNORBIN and ChewBaccaNN share, as an architecture for their folders to complete.

Reading order: spec, steps (which layers), timing (cycles and accesses), placement (memories), mapped, lower (tasks), arithmetic (bits),
prices.
"""
