"""Measure the networks of this folder on every chip that has a scenario for them, as a table in Markdown: that of README.md beside this.

python scenarios/trained/measure.py [digits_mlp ...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import hyperdrive_sim as hs

HERE = Path(__file__).parent
HEAD = """\
| network | scenario | on the chip | in float64 | images put elsewhere | images with other outputs |
| --- | --- | --- | --- | --- | --- |"""


def scenarios(names: list[str]) -> list[Path]:
    return [path for path in sorted(HERE.glob("*/*.yaml")) if not names or path.parent.name in names]


def evaluated(scenario: Path, **options: object) -> hs.Evaluation:
    """A scenario's network on the test images that come along."""
    images = HERE / "images" / scenario.parent.name.partition("_")[0]
    return hs.evaluate(scenario, images=f"{images}-images.idx.gz", labels=f"{images}-labels.idx.gz", **options)  # type: ignore[arg-type]


def row(scenario: Path) -> str:
    found = evaluated(scenario)
    shares = (f"{100 * (rated.accuracy or 0):.1f} %" for rated in (found.ours, found.ideal))
    cells = (scenario.parent.name, scenario.stem, *shares, f"{found.differing_classes:,}", f"{found.differing_outputs:,}")
    return f"| {' | '.join(cells)} |"


def rows(names: list[str]) -> Iterator[str]:
    yield HEAD
    yield from map(row, scenarios(names))


if __name__ == "__main__":
    for line in rows(sys.argv[1:]):
        print(line, flush=True)
