"""The spec of a system: parts, links and memories as a user writes them under `system:`, and which layers each part runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.schedule.goals import Goal
from hyperdrive_sim.schedule.spec import Spec, choices

MOST_PARTS = 1024
"""Of one kind. A system may have as many parts as there is memory for the tasks of."""

MOST_RATE = 1e6

ROWS = "rows"
"""How chips share the work that have a band of each map."""

HOST_NODE = "host"
"""Where everything comes from and goes to that no other node has."""

NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
Name = Annotated[str, Field(pattern=NAME)]

CHECKED = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


class Converter(BaseModel):
    """What makes signs of real numbers at a part's edge: it scales, compares with a threshold per channel, and packs."""

    model_config = CHECKED

    values_per_cycle: int = Field(default=16, ge=1, le=4096, description="values that it takes in a cycle of its part's clock; assumed")
    pj_per_value: float | None = Field(
        default=None, ge=0, le=1e6, description="energy of a value; absent: one multiplication and one addition in FP16"
    )


class PartSpec(BaseModel):
    """A kind of chip in a system, and how many there are of it."""

    model_config = CHECKED

    architecture: str = Field(min_length=1, description="the chip; `hyperdrive-sim list` names them")
    chip: dict[str, Any] = Field(default={}, description="fields of that architecture's spec; what is absent is as published")
    count: int = Field(default=1, ge=1, le=MOST_PARTS, description="how many; several are called name[0], name[1] and so on")
    split: Literal["frames", "rows"] = Field(
        default="frames",
        description="how several chips share the work",
        json_schema_extra=choices({"frames": "they take frames in turn", "rows": "each has a band of rows of every map, in tiles"}),
    )
    tiles: Literal["never", "auto"] = Field(
        default="never",
        description="what becomes of maps that are too large for a chip",
        json_schema_extra=choices(
            {"never": "they are refused", "auto": "they pass through the memory outside tile by tile, with what windows need around each"}
        ),
    )
    waiting_frames: int = Field(
        default=2, ge=1, le=1024, description="frames of a map that wait at its edge at most; whoever sends one more waits itself"
    )
    weights_from: str | None = Field(
        default=None, description="host, or a memory beside the parts, that its weights come from over links; absent: as the chip has it"
    )
    converter: Converter = Field(default=Converter.model_construct(), description="what makes signs of real numbers at its edge")


class LinkSpec(BaseModel):
    """Wires between two nodes, in each direction one, or a bus that all its nodes share."""

    model_config = CHECKED

    between: tuple[str, ...] = Field(
        min_length=2,
        description="names of parts, of one of several (name[0]), of memories, or host; a name of several parts stands for each of them",
    )
    gbit_per_s: float | None = Field(default=None, le=MOST_RATE, description="rate in each direction, of a bus in all; or bits_per_cycle")
    bits_per_cycle: float | None = Field(default=None, le=MOST_RATE, description="rate in bits per cycle of the clock of its parts")
    latency_ns: float = Field(default=0, ge=0, le=1e9, description="from the last bit sent to the last bit there")
    pj_per_bit: float = Field(default=0, ge=0, le=1e6, description="energy of the wires, beside what the chips' edges cost")
    shared: bool = Field(
        default=False,
        description="true: a bus, on which all its nodes take turns; false: wires from one node to the other, in each direction",
    )


class MemorySpec(BaseModel):
    """A memory beside the parts, through which maps may pass on their way."""

    model_config = CHECKED

    mbit: float = Field(gt=0, le=1e9, description="size in units of 10^6 bits")
    pj_per_bit: float = Field(default=0, ge=0, le=1e6, description="energy of a bit that is written or read")


class SensorSpec(BaseModel):
    """What the network's inputs come from: a node of its own, or a sensor on the chip of a part, whose pixels cross no edge."""

    model_config = CHECKED

    inputs: tuple[str, ...] = Field(default=("*",), min_length=1, description="patterns of the network's inputs that it sees")
    on: str | None = Field(default=None, description="the part on whose chips it is; absent: a node, which links lead from")
    gbit_per_s: float | None = Field(
        default=None, gt=0, le=MOST_RATE, description="rate at which a sensor on a chip is read; absent: that of the chip's own link"
    )


Partition = dict[str, tuple[str, ...]]
"""Patterns of layers' names by part, by one of several, or by host: `conv1`, `layer[12].*`."""

GOALS = {
    "edp": "the least energy x delay",
    "latency": "the shortest latency",
    "energy": "the least energy",
}
AutoPartition = Annotated[
    dict[Literal["auto"], Literal["edp", "latency", "energy"]],
    Field(min_length=1, json_schema_extra={"expects": "{auto: GOAL}", **choices(GOALS)}),
]
"""A partition to be chosen, and what for."""


class SystemSpec(Spec):
    """Several parts, what links them, and who runs which layers."""

    parts: dict[Name, PartSpec] = Field(min_length=1, description="the chips, by names of one's own")
    links: dict[Name, LinkSpec] = Field(
        default={}, description="by name; a part that none of them reaches is beside the host, at its own links' rates"
    )
    memories: dict[Name, MemorySpec] = Field(default={}, description="by name")
    sensors: dict[Name, SensorSpec] = Field(default={}, description="by name; what none of them sees comes from the host")
    partition: Literal["auto"] | AutoPartition | Partition = Field(
        default="auto",
        description="layers that each part runs, as patterns of their names; or chosen: 'auto', {auto: latency}, {auto: energy}",
        json_schema_extra={"expects": "{part: [patterns of layers]} or 'auto'", **choices({"auto": GOALS["edp"]})},
    )

    @property
    def decided(self) -> Partition | None:
        """The partition, if it is given and not to be chosen."""
        return None if isinstance(self.partition, str) or "auto" in self.partition else cast("Partition", self.partition)

    @property
    def goal(self) -> Goal:
        return "edp" if isinstance(self.partition, str) or self.decided else cast("dict[str, Goal]", self.partition)["auto"]
