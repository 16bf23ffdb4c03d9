"""What an import leaves: apart from all that makes one, which a scenario of another network need not load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Parameters


class Imported(NamedTuple):
    """A network from a file: its constants by layer, *notes*, sentences on what was left out or found, and the files it was read from.

    A file of shapes alone has no constants: they are None.
    """

    network: Network
    parameters: Mapping[str, Parameters] | None
    notes: tuple[str, ...]
    files: tuple[Path, ...]
