"""The key `system:` of a scenario: several parts and what links them; one part alone is what `architecture:` and `chip:` say shorter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import NOWHERE, InvalidInput, Mistake
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.text.document import Document
from hyperdrive_sim.text.wording import KeyPath

SYSTEM = "system"
"""The key, and the name of systems among the architectures."""

SHORT = ("architecture", "chip")
"""Keys of a system of one part alone."""


def shortened(document: Document) -> Document:
    """The document of a system of one part, once and with nothing beside it, as `architecture:` and `chip:` say it; any other as it is."""
    system = document.data.get(SYSTEM)
    if not isinstance(system, Mapping) or set(system) != {"parts"} or any(key in document.data for key in SHORT):
        return document
    parts = system["parts"]
    part = next(iter(parts.values())) if isinstance(parts, Mapping) and len(parts) == 1 else None
    if not isinstance(part, Mapping) or not set(part) <= {*SHORT, "count"} or part.get("count", 1) != 1:
        return document
    return _lifted(document, next(iter(parts)), part)


def _lifted(document: Document, name: str, part: Mapping[str, Any]) -> Document:
    """A document in which what stands under its only part stands at the top, with its places."""
    above: KeyPath = (SYSTEM, "parts", name)
    kept = {key: value for key, value in document.data.items() if key != SYSTEM}
    moved = {path[3:]: place for path, place in document.places.items() if path[:3] == above and len(path) > 3}
    places = {path: place for path, place in document.places.items() if path[:1] != (SYSTEM,)} | moved
    return replace(document, data={**kept, **{key: part[key] for key in SHORT if key in part}}, places=places)


def spec(document: Document) -> Spec:
    """The validated spec of a system, with the settings of each part's chip. Raises InvalidInput with every mistake found."""
    from hyperdrive_sim.systems.spec import SystemSpec

    mistakes = [
        document.mistake(key, "cannot stand beside `system:`", "put it under a part of the system") for key in SHORT if key in document.data
    ]
    found: SystemSpec | None = None
    try:
        found = document.validate(SystemSpec, (SYSTEM,))
    except InvalidInput as error:
        mistakes += error.mistakes
    for name, part in found.parts.items() if found else ():
        mistakes += _of_chip(document, name, part.architecture)
    InvalidInput.collected(sorted(mistakes, key=lambda mistake: mistake.place or NOWHERE))
    assert found is not None
    return found


def _of_chip(document: Document, name: str, architecture: str) -> Iterator[Mistake]:
    """Mistakes in the chip of a part."""
    at = (SYSTEM, "parts", name)
    try:
        arch = registry.load(architecture)
    except InvalidInput as error:
        yield from document.located(InvalidInput(*(one._replace(key=f"{'.'.join(at)}.architecture") for one in error.mistakes))).mistakes
        return
    try:
        document.validate(arch.Spec, (*at, "chip"))
    except InvalidInput as error:
        yield from error.mistakes
