"""An entry of the zoo: what there is to know of a network before it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hyperdrive_sim.network.layers import Layer

ANY = None
"""In place of a number of channels: the network has no layer that wants a certain one."""


class Entry(NamedTuple):
    """The channels that a network's input must have, or ANY, what it is, and what makes its layers, whose parameters are its options.

    Rows and columns must be multiples of *multiple*.
    """

    channels: int | None
    about: str
    layers: Callable[..., list[Layer]]
    multiple: int = 1
