"""A task, the row of a schedule: what a unit does, for how long, after what, to which data and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hyperdrive_sim.network.box import Box

NOTHING: Mapping[str, int] = {}

HOST = "host"
"""The memory of everything outside the accelerator: it holds whole maps, as many as it likes."""


class Region(NamedTuple):
    """A block of a map in a memory."""

    memory: str
    tensor: str
    box: Box


class OperandLocations(NamedTuple):
    """Operand locations: the memories from and to which one unit computes a layer, the same for all its tasks.

    *layers* are computed in one go, each taking its predecessor's result; only the last one's output is stored, in each of
    *stores* as far as it covers it. *reads* together hold the first layer's input, *operands* what later ones take besides, pixel
    by pixel; *weights* names the memory that the first layer's weights come from, and is empty for layers without any. A map that is there
    in the places of others alone, such as a concatenation, is read from theirs: then the regions are those of the others.
    """

    layers: tuple[str, ...]
    reads: tuple[Region, ...]
    operands: tuple[Region, ...]
    weights: str
    stores: tuple[Region, ...]


class Patch(NamedTuple):
    """Some output pixels of all channels, and the input pixels that are fetched for them (at least those the layer needs)."""

    out: Box
    fetch: Box


class Compute(NamedTuple):
    """Computes output channels c0..c1 of some pixels. It reads when it starts, its weights excepted, and writes when it ends."""

    locations: OperandLocations
    c0: int
    c1: int
    patches: tuple[Patch, ...]


class Copy(NamedTuple):
    """Moves channels c0..c1 of some pixels of a map; read when it starts, there when it ends."""

    tensor: str
    c0: int
    c1: int
    boxes: tuple[Box, ...]
    source: str
    target: str


class Load(NamedTuple):
    """Brings the weights of output channels c0..c1, *bits* with all that comes along, into memories, there when it ends."""

    layer: str
    c0: int
    c1: int
    bits: int
    targets: tuple[str, ...]


Effect = Compute | Copy | Load


class Task(NamedTuple):
    """A piece of work whose insides nobody else can interleave with.

    It occupies *unit* for *ps* picoseconds once all tasks *after* have ended (a sender's latency later) and all tasks of
    *after_start* have begun; both hold positions of earlier tasks in the schedule, so no schedule can deadlock. A task that
    uses what a stream brings may start with it (*after_start*) if it takes at least as long; it uses it at its own end.
    *actions* counts what is paid for. Of the tasks that wait for a unit, the lowest *priority* goes first, then the lowest *frame*.
    """

    name: str
    layer: str
    unit: str
    ps: int
    after: tuple[int, ...] = ()
    after_start: tuple[int, ...] = ()
    effect: Effect | None = None
    actions: Mapping[str, int] = NOTHING
    latency_ps: int = 0
    not_before_ps: int = 0
    frame: int = 0
    priority: int = 0


class Arrivals(NamedTuple):
    """The number of frames, and the picoseconds between arrivals; 0: the next one is there whenever there is room for it."""

    frames: int = 1
    period_ps: int = 0
