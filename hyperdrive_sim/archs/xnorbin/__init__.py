"""XNORBIN: binary weights and maps, seven times seven xnor-sum units of sixteen channels, feature maps and partial sums on chip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from hyperdrive_sim.archs._xnor_datapath.mapped import Core, MappedCore
from hyperdrive_sim.archs.export import Execution
from hyperdrive_sim.archs.xnorbin.control_stream import binary, checking, export, interpreter, text
from hyperdrive_sim.archs.xnorbin.control_stream.records import Input, Stream
from hyperdrive_sim.archs.xnorbin.spec import XnorbinSpec
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.tasks import Task


@dataclass(frozen=True)
class Xnorbin(Core):
    """XNORBIN, which executes control streams."""

    mark: ClassVar[bytes] = binary.MARK
    exports: ClassVar[str] = "control stream"
    title: ClassVar[str] = text.TITLE

    def exported(self, mapped: Mapped, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> bytes:
        assert isinstance(mapped, MappedCore)
        return binary.encoded(checking.checked(export.exported(mapped.layout, tasks, parameters)))

    def text(self, data: bytes) -> str:
        return text.disassembled(_read(data))

    def assembled(self, said: str) -> bytes:
        return binary.encoded(checking.checked(text.assembled(said)))

    def inputs(self, data: bytes) -> tuple[str, ...]:
        return tuple(dict.fromkeys(record.map for record in _read(data).records if isinstance(record, Input)))

    def executed(self, data: bytes, maps: Mapping[str, Array]) -> Execution:
        return interpreter.executed(_read(data), maps)


def _read(data: bytes) -> Stream:
    return checking.checked(binary.decoded(data))


architecture = Xnorbin("xnorbin", XnorbinSpec, __name__)
