"""Compilation of plain Python loops by numba; the only module beside those loops that imports it."""

from __future__ import annotations

from collections.abc import Callable

import numba  # type: ignore[import-untyped,unused-ignore]


def compiled(loops: Callable[..., None], signature: str) -> Callable[..., None]:
    """Compiled function for one signature, so that no shape compiles it again; from numba's disk cache if that has it."""
    try:
        function: Callable[..., None] = numba.njit(signature, nogil=True, cache=True)(loops)
    except RuntimeError:  # neither the package nor the user's cache directory can be written
        function = numba.njit(signature, nogil=True)(loops)
    return function
