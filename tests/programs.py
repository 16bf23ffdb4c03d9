"""Programs from outside of Python, and heavy packages, that some tests need: found, or the test is skipped and says what to install.

A test says so itself, `@pytest.mark.needs("chromium")`, and is skipped before any of its fixtures begin. Where the environment variable
HYPERDRIVE_SIM_REQUIRE_TOOLS is set (to anything but 0), as in CI, a missing program is a failure in place of a skipped test.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

REQUIRED = "HYPERDRIVE_SIM_REQUIRE_TOOLS"
NODE_MODULES = Path(__file__).parents[1] / "node_modules"
CURES = {
    "chromium": "apt-get install -y chromium",
    "speedscope": "apt-get install -y npm && npm install --no-save speedscope",
    "valgrind": "apt-get install -y valgrind",
}
"""How each is installed; for speedscope in the root of the repository."""


def find(name: str) -> Path:
    """A program: the browser that opens pages and timelines, valgrind; or the folder of the viewer of timelines that npm installs."""
    if found := _speedscope() if name == "speedscope" else _program(name):
        return found
    raise missing(f"{name} is not installed; {CURES[name]}")


def packages(*names: str) -> None:
    """Skip, or fail where everything must be there, without the packages that the extra `oracles` brings."""
    for name in names:
        if find_spec(name) is None:
            raise missing(f"{name} is not installed; pip install --editable '.[oracles]'")


def missing(sentence: str) -> BaseException:
    """What ends a test that lacks something."""
    if os.environ.get(REQUIRED, "0") != "0":
        return pytest.fail.Exception(f"{sentence} ({REQUIRED} is set)", pytrace=False)
    return pytest.skip.Exception(sentence)


def _program(name: str) -> Path | None:
    program = shutil.which(name)
    return Path(program) if program else None


def _speedscope() -> Path | None:
    folder = NODE_MODULES / "speedscope" / "dist" / "release"
    return folder if folder.is_dir() else None
