"""Hyperdrive's small worlds: every mesh, grain and bottleneck that changes its schedule, each kind of layer at least twice."""

from __future__ import annotations

from contract_worlds import World

from hyperdrive_sim.schedule.tasks import Arrivals

WORKING_ACTION = "array.conv_cycle"

TWO, THREE = Arrivals(2), Arrivals(3)
ODD = (16, 13, 17)
NARROW = {"weight_stream_bits_per_cycle": 3.0}
PREFETCH = {"weight_buffer_blocks": 2}
SLOW_HOST = {"host_link_gbit_per_s": 0.01}
SMALL_BUFFER = {"send_buffer_bits": 3328}
SLOW_BORDER = {"border_link_bits_per_cycle": 1.0, "border_link_latency_cycles": 1000}
ONE, FOUR, SIX, ROW = ({"mesh": mesh} for mesh in ((1, 1), (2, 2), (3, 2), (1, 3)))

WORLDS = [
    World("tiny_conv", ODD, ONE, "block"),
    World("tiny_conv", (5, 7, 9), FOUR, "pixel", THREE),
    World("tiny_pointwise", ODD, ONE, "pixel"),
    World("tiny_pointwise", ODD, SIX | PREFETCH, "block", THREE),
    World("tiny_strided", ODD, ONE | NARROW, "block", THREE),
    World("tiny_strided", ODD, FOUR, "block"),
    World("tiny_strided", ODD, SIX | SLOW_BORDER, "block", THREE),
    World("tiny_strided", (3, 12, 23), ROW | NARROW, "pixel"),
    World("tiny_odd_channels", (3, 13, 17), FOUR, "pixel"),
    World("tiny_odd_channels", (3, 13, 17), SIX | SLOW_HOST, "block", THREE),
    World("tiny_odd_channels", (33, 8, 8), ONE | PREFETCH, "block", THREE),
    World("tiny_residual", ODD, ONE, "block", THREE),
    World("tiny_residual", ODD, FOUR | PREFETCH, "pixel", THREE),
    World("tiny_residual", ODD, FOUR | SMALL_BUFFER, "block", THREE),
    World("tiny_residual", (16, 20, 12), SIX | NARROW | SLOW_BORDER, "block"),
    World("tiny_residual", ODD, ROW, "block", THREE),
    World("tiny_bottleneck", ODD, ONE, "pixel"),
    World("tiny_bottleneck", ODD, FOUR | NARROW | PREFETCH, "block", THREE),
    World("tiny_bottleneck", ODD, SIX | SMALL_BUFFER | SLOW_BORDER, "pixel"),
    World("tiny_resnet", (3, 26, 33), ONE | PREFETCH, "pixel"),
    World("tiny_resnet", (3, 26, 33), FOUR | SLOW_HOST, "block", THREE),
    World("tiny_resnet", (3, 26, 33), ROW | SMALL_BUFFER | PREFETCH | SLOW_BORDER, "block", THREE),
    World("tiny_resnet", (3, 26, 33), {"mesh": "auto"}, "block", Arrivals(3, period_ps=10**8)),
]

MUTATED = [
    (World("tiny_strided", ODD, FOUR, "block"), 209, 0),
    (World("tiny_strided", ODD, SIX, "block"), 359, 0),
    (World("tiny_strided", ODD, SIX, "block", TWO), 747, 1),
    (World("tiny_residual", ODD, FOUR, "block"), 272, 0),
    (World("tiny_residual", ODD, SIX, "block"), 464, 0),
    (World("tiny_residual", ODD, SIX, "block", TWO), 957, 1),
]
"""Only with a second frame one edge is repeated: the first chip waits for its input, and for borders that come after it as well."""
