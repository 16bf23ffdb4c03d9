"""API pages of hyperdrive_sim from its docstrings, in a directory that is named on the command line; any warning is an error.

python .ci/api_pages.py build/api
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import isclass
from pathlib import Path
from pkgutil import iter_modules, walk_packages
from types import ModuleType

import pdoc

import hyperdrive_sim

PACKAGE = hyperdrive_sim.__name__

NOT_OURS = (
    r"Error parsing type annotation .* is not subscriptable",  # networkx' DiGraph has type parameters in its stubs only
    r"Error parsing type annotation .* for (?!hyperdrive_sim\.)",  # inherited from another package's class,
    r"Cannot determine where .*\.Experiment\.\w+ is taken from",  # a TypedDict forgets what it builds on
    r"Error parsing type annotation .* for \S*\._[A-Z]",  # also by a private class, which no page shows
)
"""Warnings that no docstring of ours can cure; mypy has checked the annotations."""


def main(folder: Path) -> None:
    warnings.simplefilter("error")
    for message in NOT_OURS:
        warnings.filterwarnings("ignore", message)
    for found in walk_packages(hyperdrive_sim.__path__, f"{PACKAGE}."):
        if not found.name.endswith("__main__"):
            say_where_fields_are_from(import_module(found.name))
    for name in hyperdrive_sim.__all__:
        getattr(hyperdrive_sim, name)  # pdoc looks for what has been loaded
    rooms = (f"{PACKAGE}.{found.name}" for found in iter_modules(hyperdrive_sim.__path__) if found.name != "__main__")
    pdoc.pdoc(PACKAGE, *rooms, output_directory=folder)


def say_where_fields_are_from(module: ModuleType) -> None:
    """Help pdoc to find what annotations of generated constructors mean; it looks for their names in the constructor's own module.

    That of a named tuple says to be from a module which does not exist; that of a dataclass may take fields of a base from elsewhere.
    """
    for value in vars(module).values():
        if not isclass(value) or value.__module__ != module.__name__:
            continue
        if issubclass(value, tuple) and hasattr(value, "_fields"):
            value.__new__.__module__ = value.__module__
        elif is_dataclass(value) and is_dataclass(value.__base__):
            value.__init__.__annotations__ |= {field.name: meant(value, field.name) for field in fields(value) if field.init}


def meant(record: type, name: str) -> object:
    """What the annotation of a field means where it stands."""
    owner = next(one for one in record.__mro__ if name in vars(one).get("__annotations__", {}))
    return eval(owner.__annotations__[name], vars(sys.modules[owner.__module__]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
