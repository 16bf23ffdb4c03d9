"""What an architecture may offer besides: files that its hardware would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.tasks import Task


class Execution(NamedTuple):
    """What a control stream computed: maps that went to the host, [rows, columns, channels] by name, and the cycles of the array."""

    outputs: Mapping[str, Array]
    cycles: int


@runtime_checkable
class Exporting(Protocol):
    """An architecture that writes a file for its hardware: `mark` is what such a file begins with, `exports` what it holds."""

    mark: bytes
    exports: str

    def exported(self, mapped: Mapped, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> bytes:
        """The file of a network that was mapped, from one frame's *tasks* and the network's constants by layer."""
        ...


@runtime_checkable
class Streaming(Exporting, Protocol):
    """An architecture whose file says all that the hardware does, so that it can be read and executed without the network."""

    title: str
    """What such a file begins with as text."""

    def text(self, data: bytes) -> str:
        """A file as text. Raises InvalidInput for one that is broken."""
        ...

    def assembled(self, text: str) -> bytes:
        """A file from text. Raises InvalidInput that names the line."""
        ...

    def inputs(self, data: bytes) -> tuple[str, ...]:
        """Names of the maps that it takes."""
        ...

    def executed(self, data: bytes, maps: Mapping[str, Array]) -> Execution:
        """Execute a file on maps [rows, columns, channels] by name. Raises InvalidInput for maps that it does not take."""
        ...
