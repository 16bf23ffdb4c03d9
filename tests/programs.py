"""Programs from outside of Python that some tests need: found, or the test is skipped with a line that says what to install.

A test says so itself, `@pytest.mark.needs("chromium")`, and is skipped before any of its fixtures begin. Where the environment variable
HYPERDRIVE_SIM_REQUIRE_TOOLS is set (to anything but 0), as in CI, a missing program is a failure in place of a skipped test.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REQUIRED = "HYPERDRIVE_SIM_REQUIRE_TOOLS"
NODE_MODULES = Path(__file__).parents[1] / "node_modules"
CURES = {
    "chromium": "apt-get install -y chromium",
    "speedscope": "apt-get install -y npm && npm install --no-save speedscope",
}
"""How each is installed; for speedscope in the root of the repository."""


def find(name: str) -> Path:
    """The browser that opens pages and timelines, or the folder of the viewer of Chrome timelines that npm installs."""
    if found := _chromium() if name == "chromium" else _speedscope():
        return found
    sentence = f"{name} is not installed; {CURES[name]}"
    if os.environ.get(REQUIRED, "0") != "0":
        pytest.fail(f"{sentence} ({REQUIRED} is set)", pytrace=False)
    pytest.skip(sentence)


def _chromium() -> Path | None:
    program = shutil.which("chromium")
    return Path(program) if program else None


def _speedscope() -> Path | None:
    folder = NODE_MODULES / "speedscope" / "dist" / "release"
    return folder if folder.is_dir() else None
