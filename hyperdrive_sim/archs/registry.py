"""The registry of architectures: folders here, folders that HYPERDRIVE_SIM_ARCHS names, and installed packages.

A package of somebody else's registers its architecture in the entry-point group `hyperdrive_sim.architectures`:

    [project.entry-points."hyperdrive_sim.architectures"]
    my_chip = "my_package:architecture"
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast

from hyperdrive_sim import archs
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.text.wording import near

T = TypeVar("T")

GROUP = "hyperdrive_sim.architectures"
OFFERED = ("name", "Spec", "grains", "tolerance", "candidates", "map")
"""Parts of an architecture."""


@cache
def folders() -> tuple[str, ...]:
    """Names of the architectures that are folders; those that begin with `_` are shared by several."""
    found = (module.name for module in pkgutil.iter_modules(archs.__path__) if module.ispkg)
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def installed() -> Mapping[str, EntryPoint]:
    """Entry points of the architectures that installed packages register, by name; a folder of the same name goes first."""
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in folders()}


@cache
def names() -> tuple[str, ...]:
    """Names of all architectures."""
    return tuple(sorted((*folders(), *installed())))


@cache
def load(name: str) -> Architecture:
    """Load the architecture of that name. Raises InvalidInput if there is none, or if its code cannot be loaded."""
    if name in folders():
        found = getattr(_module(name), "architecture", None)
    elif name in installed():
        found = _run(name, installed()[name].load)
    else:
        cure = near(name, names()) or "known architectures: " + ", ".join(names())
        raise InvalidInput.at("architecture", f"'{name}' is unknown", cure)
    if lacking := [part for part in OFFERED if not hasattr(found, part)]:
        problem = f"'{name}' offers no architecture, it has no `{lacking[0]}`"
        raise InvalidInput.at("architecture", problem, "see hyperdrive_sim.archs.architecture")
    return cast("Architecture", found)


def usable() -> tuple[str, ...]:
    """Names of the architectures that can be loaded."""
    return tuple(name for name in names() if name not in broken())


@cache
def broken() -> Mapping[str, InvalidInput]:
    """What is wrong with the architectures that cannot be loaded, by name: one folder's mistake is nobody else's."""
    return {name: error for name in names() if (error := _mistake(name))}


def _mistake(name: str) -> InvalidInput | None:
    try:
        load(name)
    except InvalidInput as error:
        return error
    return None


def folder(name: str) -> Path:
    """The folder in which an architecture keeps its tables and its README. Raises InvalidInput if its code cannot be loaded."""
    file = _module(name).__file__
    assert file is not None
    return Path(file).parent


def _module(name: str) -> ModuleType:
    """The module that offers an architecture."""
    module = f"{archs.__name__}.{name}" if name in folders() else installed()[name].module
    return _run(name, lambda: importlib.import_module(module))


def _run(name: str, loading: Callable[[], T]) -> T:
    """What loading somebody's code gives. Raises InvalidInput, with the place, whatever that raises."""
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no result of a command
            return loading()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        if isinstance(error, SyntaxError) and error.filename:
            where = f"{error.filename}:{error.lineno}"
        else:
            frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
            where = f"{frame.f_code.co_filename}:{line}"
        problem = f"'{name}' cannot be loaded: {type(error).__name__}: {error}"
        raise InvalidInput.at("architecture", problem, f"mend {where}, or take another chip") from error
