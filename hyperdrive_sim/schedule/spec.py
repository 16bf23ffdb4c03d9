"""Specs: what a user may say about a chip, in strict records whose every default has a source and a provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.schedule.goals import Goal
from hyperdrive_sim.schedule.provenance import Basis, Provenance, chain, weakest


class Spec(BaseModel):
    """The base of every chip's spec: strict, frozen, every default with its source."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    @property
    def goal(self) -> Goal:
        """What decides between the candidates that an open spec may become."""
        return "edp"


def figure(
    default: Any,
    description: str,
    provenance: Provenance,
    source: str,
    *,
    rests_on: tuple[Basis, ...] = (),
    values: Mapping[Any, str] | None = None,
    **limits: Any,
) -> Any:
    """A field of a Spec: its default, what it means, where it comes from, how well it is known; *limits* are those of pydantic's Field.

    *rests_on* names what a default is derived from or was fitted to; it is known no better than that. *values* says what each of a choice
    means, where the field is one.
    """
    known: dict[str, Any] = {
        "provenance": weakest(provenance, rests_on),
        "stated": provenance,
        "source": source,
        "rests_on": list(chain(rests_on)),
    }
    return Field(default, description=explained(description, values or {}), json_schema_extra=known | choices(values or {}), **limits)


def explained(description: str, values: Mapping[Any, str]) -> str:
    """A description, and behind it what each value means.

    >>> explained("what is done", {"all": "everything", "none": "nothing"})
    'what is done; all: everything; none: nothing'
    """
    return "; ".join([description, *(f"{value}: {meaning}" for value, meaning in values.items())])


def choices(values: Mapping[Any, str]) -> dict[str, Any]:
    """Meanings of values as a part of a field's JSON Schema; nothing where there are none."""
    return {"values": {str(value): meaning for value, meaning in values.items()}} if values else {}


class Origin(NamedTuple):
    """Where the default of a setting comes from: how well it is known with all it rests on and by itself, its source, and the former."""

    provenance: Provenance
    stated: Provenance
    source: str
    rests_on: tuple[str, ...]


def origins(spec: type[Spec]) -> Mapping[str, Origin]:
    """The origin of each default of a spec, by field."""
    extras = {name: field.json_schema_extra for name, field in spec.model_fields.items()}
    return {
        name: Origin(extra["provenance"], extra["stated"], extra["source"], tuple(extra["rests_on"]))  # type: ignore[arg-type]
        for name, extra in extras.items()
        if isinstance(extra, dict) and "provenance" in extra
    }
