"""Cycles of Hyperdrive, in closed form. All tiles work in lock-step on the same local pixel of their patches.

Published cost structure (JETCAS 2019, cycle table for ResNet-34): the phases of a layer add up and are not overlapped; there is no
separate weight-load phase and no pipeline fill.
"""

from __future__ import annotations

from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.layers import Activation, Conv


def patch(part: Box, spec: HyperdriveSpec) -> tuple[int, int]:
    """Rows and columns of one tile's patch: the chip's part cut into M x N equal patches, rounded up."""
    return -(-(part.r1 - part.r0) // spec.tile_rows), -(-(part.w1 - part.w0) // spec.tile_columns)


def conv_cycles(pixels: int, step: HyperdriveStep, inputs: int) -> int:
    """Convolution cycles of one block of output channels: one input channel of one tap per cycle, pixel after pixel of a patch.

    A tile broadcasts the word of one input channel to its C lanes. So lanes of different groups take turns, and *inputs* are those of all
    groups in the block (`block_inputs`): in a depthwise layer one lane works at a time.
    """
    return pixels * step.main.window.taps * inputs


def word_cycles(pixels: int, spec: HyperdriveSpec) -> int:
    """Cycles of one pass over a block's results: each spatial tile has one multiplier and one memory port for its C channels."""
    return pixels * spec.lanes


def phases(pixels: int, step: HyperdriveStep, inputs: int, spec: HyperdriveSpec, *, bypass: bool) -> dict[str, int]:
    """Array cycles of one block of output channels, by phase; the phases are the actions that are priced. Phases of 0 are left out.

    A ReLU is done on the way to the memory. A leaky one multiplies, so it is one more pass over the results, as the scale is.
    """
    words, main = word_cycles(pixels, spec), step.main
    scale, bias = (main.scale, main.bias) if isinstance(main, Conv) else (True, False)
    grouped = not isinstance(main, Conv) or main.groups > 1
    cycles = {
        "array.grouped_cycle" if grouped else "array.conv_cycle": conv_cycles(pixels, step, inputs),
        "array.scale_cycle": words if scale else 0,
        "array.bypass_cycle": words if step.add and bypass else 0,
        "array.bias_cycle": words if bias or (step.add and step.add.bias) else 0,
        "array.leaky_cycle": words * sum(isinstance(layer, Activation) for layer in step.behind),
    }
    return {phase: count for phase, count in cycles.items() if count}


def head_cycles(step: HyperdriveStep, inputs: int) -> int:
    """Cycles of the first pixel of a block, during which its weights stream in."""
    return conv_cycles(1, step, inputs)


def peak_ops_per_cycle(spec: HyperdriveSpec) -> int:
    """Peak operations per cycle of one chip: two (multiply by +-1 and add) per tile and lane."""
    return 2 * spec.tiles * spec.lanes
