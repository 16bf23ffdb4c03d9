"""Reports: the results of a run as numbers and words, undrawn.

The room shares its name with a function of the package's public face, `hyperdrive_sim.report(...)`, which writes a page. Python has one
name for both, so whoever calls the room gets the function.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

PAGES = "hyperdrive_sim.outputs.page.write"
"""Found by its name when it is called: it stands above this floor."""


class _Room(ModuleType):
    def __call__(self, *sources: Any, **options: Any) -> Any:
        return import_module(PAGES).report(*sources, **options)


sys.modules[__name__].__class__ = _Room
