"""What is made of pictures before a network takes them: levels in 0..1 become the numbers that it was trained with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.spec import choices

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

MOST_CHANNELS = 4096

CHECKED = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class FixedPoint(BaseModel):
    """Numbers of few bits: whole multiples of a step, as many as the bits tell apart."""

    model_config = CHECKED

    bits: int = Field(ge=1, le=16, description="of a number")
    step: Positive = Field(description="what the last bit is worth, for example 0.0078125")
    signed: bool = Field(default=True, description="from -2^(bits-1) steps on; false: from 0 on")
    rounding: Literal["nearest", "floor"] = Field(
        default="nearest",
        description="which multiple of the step",
        json_schema_extra=choices({"nearest": "the nearest, of halves the even one", "floor": "the next below"}),
    )

    def of(self, values: Array) -> Array:
        steps = values / self.step
        steps = np.rint(steps) if self.rounding == "nearest" else np.floor(steps)
        low = -(2 ** (self.bits - 1)) if self.signed else 0
        nearest: Array = np.clip(steps, low, low + 2**self.bits - 1) * self.step
        return nearest


class Preparation(BaseModel):
    """What is made of a level: (level x scale - mean) / std and, if asked for, the nearest number of few bits."""

    model_config = CHECKED

    scale: Positive = Field(default=1.0, description="what levels of 0..1 are multiplied by; 255 for a network that takes bytes")
    mean: Finite | Annotated[list[Finite], Field(min_length=1, max_length=MOST_CHANNELS)] = Field(
        default=0.0, description="what is taken off then: one number, or one per channel"
    )
    std: Positive | Annotated[list[Positive], Field(min_length=1, max_length=MOST_CHANNELS)] = Field(
        default=1.0, description="what is divided by then: one number, or one per channel"
    )
    quantise: FixedPoint | None = Field(default=None, description="numbers of few bits, as the network takes them; absent: as they come")

    def check(self, channels: int) -> None:
        """Raises InvalidInput for as many numbers as there are no channels."""
        for name in ("mean", "std"):
            given = getattr(self, name)
            if isinstance(given, list) and len(given) != channels:
                raise InvalidInput.at(
                    f"input.{name}", f"has {len(given)} numbers, the input has {channels} channels", "give one, or one each"
                )

    def of(self, levels: Array) -> Array:
        """The numbers [rows, columns, channels] that a network takes, in float32; each is computed in float64 and rounded once."""
        channels = levels.shape[2]
        means, deviations = (np.broadcast_to(np.asarray(given, np.float64), channels) for given in (self.mean, self.std))
        out = np.empty(levels.shape, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused with its picture
            for channel in range(channels):  # one at a time: a picture may take most of the memory
                values = (levels[:, :, channel] * np.float64(self.scale) - means[channel]) / deviations[channel]
                out[:, :, channel] = self.quantise.of(values) if self.quantise else values
        return out


PLAIN = Preparation.model_construct()  # of nothing but defaults, which need no check


def levels(values: Array) -> Array:
    """Values of an array as levels: bytes and words of 16 bits in 0..1, as of pictures, and all other numbers as they are."""
    most = greatest(values.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused where it is prepared
        found: Array = values.astype(np.float32)
    return found / np.float32(most) if most else found


def greatest(dtype: np.dtype[Any]) -> int:
    """The level that stands for 1, of an array's type; 0 for one whose numbers are taken as they are."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" and dtype.itemsize <= 2 else 0
