"""An entry of the zoo: what there is to know of a network before it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hyperdrive_sim.network.layers import Layer

ANY = None
"""In place of a number of channels: the network has no layer that wants a certain one."""

IMAGENET, CIFAR, TINY = (3, 224, 224), (3, 32, 32), (16, 16, 16)
"""Usual inputs [channels, rows, columns]: of networks for those sets of pictures, and of most of those for tests."""


class Entry(NamedTuple):
    """The channels that a network's input must have, or ANY, what it is about, and what makes its layers, whose parameters are its options.

    Its *usual* input [channels, rows, columns] is that of the paper, or one that is quickly computed. Rows and columns must be multiples
    of *multiple*.
    """

    channels: int | None
    usual: tuple[int, int, int]
    about: str
    layers: Callable[..., list[Layer]]
    multiple: int = 1
