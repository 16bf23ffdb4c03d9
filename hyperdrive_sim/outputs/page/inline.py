"""Files that become part of a page: its style, its script, and plotly.js, packed to two fifths of its size."""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
SCRIPTS = ("labels.js", "folding.js", "page.js")
STRICT = '"use strict";\n'
"""The beginning of the script that these are together."""


class Inline(NamedTuple):
    """Files of a page; `plotly` is the whole of plotly.js, compressed with gzip, in base64, which page.js has the browser unpack.

    `policy` forbids the page everything but its own two scripts: it can neither load anything nor run what it was not made with.
    """

    style: str
    script: str
    plotly: str
    policy: str


@cache
def inline() -> Inline:
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped,unused-ignore]

    style, script, plotly = read("page.css"), STRICT + "".join(map(read, SCRIPTS)), get_plotlyjs()
    scripts = " ".join(f"'sha256-{digest(one)}'" for one in (script, plotly))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    packed = gzip.compress(plotly.encode(), 9, mtime=0)
    return Inline(style, script, base64.b64encode(packed).decode(), policy)


def read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def digest(script: str) -> str:
    """Hash of a script, as content security policies name it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
