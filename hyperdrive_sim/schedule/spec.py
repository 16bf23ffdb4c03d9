"""Specs: what a user may say about a chip, in strict records whose every default has a source and a provenance."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.schedule.prices import Provenance


class Spec(BaseModel):
    """The base of every chip's spec: strict, frozen, every default with its source."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def figure(default: Any, description: str, provenance: Provenance, source: str, **limits: Any) -> Any:
    """A field of a Spec: its default, what it means, where it comes from, how well it is known; *limits* are those of pydantic's Field."""
    return Field(default, description=description, json_schema_extra={"provenance": provenance, "source": source}, **limits)


def provenances(spec: type[Spec]) -> dict[str, str]:
    """The provenance of each default of a spec, by field."""
    extras = {name: field.json_schema_extra for name, field in spec.model_fields.items()}
    return {name: str(extra["provenance"]) for name, extra in extras.items() if isinstance(extra, dict)}
