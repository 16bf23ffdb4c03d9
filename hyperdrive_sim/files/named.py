"""Files that a scenario names: read whole, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import ordinary

RELATIVE = "the path is relative to the scenario file"
HERE = "the path is relative to the working directory"


def read(key: str, path: Path, most_bytes: int, cure: str = "", missing: str = RELATIVE) -> bytes:
    """The file that a *key* names. Raises InvalidInput for none, for no ordinary one, and for one of more than *most_bytes*.

    *missing* is the cure for a file that is not there, *cure* that for one that cannot be read.
    """
    try:
        return ordinary.read(path, most_bytes)
    except OSError as error:
        cure = missing if isinstance(error, FileNotFoundError) else cure
        raise InvalidInput.at(key, f"cannot read '{path}': {ordinary.why(error)}", cure) from None
