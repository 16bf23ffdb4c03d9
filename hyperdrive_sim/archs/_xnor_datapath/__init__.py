"""Binary datapath that XNORBIN and ChewBaccaNN share, as an architecture that their folders complete.

Reading order: spec, steps (which layers), timing (cycles and accesses), placement (memories), mapped, blocks (how large), lower (tasks),
arithmetic (bits), prices.
"""
