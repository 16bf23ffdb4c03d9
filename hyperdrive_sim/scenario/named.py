"""Files that a scenario names: read whole, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import ordinary


def read(key: str, path: Path, most_bytes: int, cure: str) -> bytes:
    """The file that a *key* names. Raises InvalidInput for none, for no ordinary one, and for one of more than *most_bytes*."""
    try:
        return ordinary.read(path, most_bytes)
    except OSError as error:
        cure = "the path is relative to the scenario file" if isinstance(error, FileNotFoundError) else cure
        raise InvalidInput.at(key, f"cannot read '{path}': {ordinary.why(error)}", cure) from None
