"""Guard against regressions: instructions of fixed small cases are close to those that were counted when somebody last looked.

`instructions/3.11.json` is what `hyperdrive-sim bench instructions --json` printed with that version of Python. Where a change is meant to
cost more, or has made something cheaper, it is written anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import programs
import pytest

from hyperdrive_sim.study.bench.benchmark import benchmark
from hyperdrive_sim.study.bench.instructions import PLAIN

FOLDER = Path(__file__).parent / "instructions"
MINOR = ".".join(map(str, sys.version_info[:2]))
CURE = f"hyperdrive-sim bench instructions --json > tests/benchmarks/instructions/{MINOR}.json"

SAME_BUILD = 0.03
"""Difference in the case that no change of ours touches, up to which this is the Python that was counted with. Measured: 0.01."""

MARGIN, OF_ANOTHER_BUILD = 0.05, 0.15
"""Share by which a count may differ. Measured between runs: 0.02; between builds of Python 3.11, in proportion to plain Python: 0.10."""


class Counted(NamedTuple):
    """Instructions by case, and the versions that they were counted with."""

    counts: Mapping[str, int]
    versions: Mapping[str, str]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Counted:
        refused = [row["this"]["refused"] for row in document["instructions"] if isinstance(row["this"], dict)]
        assert not refused, f"cannot be counted: {refused[0]}"
        return cls({row["name"]: row["this"] for row in document["instructions"]}, document["machine"]["versions"])


def moved(now: Counted, before: Counted) -> Iterator[str]:
    """A sentence for each case that differs by more than it may, for the versions too if there are any."""
    python = now.counts[PLAIN] / before.counts[PLAIN]
    margin = MARGIN if abs(python - 1) <= SAME_BUILD else OF_ANOTHER_BUILD
    scale = 1.0 if margin == MARGIN else python
    found = []
    for name in [*before.counts, *(now.counts.keys() - before.counts.keys())]:
        if name not in before.counts or name not in now.counts:
            found.append(f"{name}: counted {'only now' if name in now.counts else 'no more'}")
        elif abs(share := now.counts[name] / (before.counts[name] * scale) - 1) > margin and name != PLAIN:
            way = "more" if share > 0 else "fewer"
            found.append(
                f"{name}: {now.counts[name]:,} instructions, {100 * abs(share):.0f} % {way} than the {before.counts[name]:,} before"
            )
    yield from found
    if found:
        other = (f"{name} {now.versions.get(name)} in place of {was}" for name, was in before.versions.items())
        yield from (one for one, (name, was) in zip(other, before.versions.items(), strict=True) if now.versions.get(name) != was)


@pytest.mark.slow
@pytest.mark.needs("valgrind")
def test_instructions_are_those_that_were_counted() -> None:
    path = FOLDER / f"{MINOR}.json"
    if not path.exists():
        raise programs.missing(f"nobody has counted instructions with Python {MINOR}; {CURE}")
    before, now = Counted.of(json.loads(path.read_text("utf-8"))), Counted.of(benchmark(["instructions"]).to_dict())
    found = list(moved(now, before))
    assert not found, "\n".join([*found, f"if that is meant so: {CURE}"])


# The guard itself

VERSIONS = {"python": "3.11.7", "numpy": "2.4.6"}
BEFORE = Counted({PLAIN: 1000, "a": 10_000, "b": 20_000}, VERSIONS)


def now(plain: int, a: int, b: int, versions: Mapping[str, str] = VERSIONS) -> list[str]:
    return list(moved(Counted({PLAIN: plain, "a": a, "b": b}, versions), BEFORE))


def test_within_the_margin_nothing_is_said() -> None:
    assert now(1000, 10_000, 20_000) == []
    assert now(1029, 10_499, 19_001) == []


def test_more_and_fewer_are_told() -> None:
    assert now(1000, 10_600, 20_000) == ["a: 10,600 instructions, 6 % more than the 10,000 before"]
    assert now(1000, 10_000, 10_000) == ["b: 10,000 instructions, 50 % fewer than the 20,000 before"]


def test_another_build_of_python_is_compared_in_proportion_and_less_strictly() -> None:
    """One that needs 20 % fewer for everything: 8,000 and 16,000 would be the same."""
    assert now(800, 9_100, 14_000) == []
    assert now(800, 9_600, 16_000) == ["a: 9,600 instructions, 20 % more than the 10,000 before"]


def test_another_version_of_a_package_is_told_beside_what_has_moved() -> None:
    assert now(1000, 10_000, 20_000, {"python": "3.11.7", "numpy": "2.5.0"}) == []
    found = now(1000, 20_000, 20_000, {"python": "3.11.7", "numpy": "2.5.0"})
    assert found == ["a: 20,000 instructions, 100 % more than the 10,000 before", "numpy 2.5.0 in place of 2.4.6"]


def test_what_cannot_be_counted_is_told() -> None:
    document = {"instructions": [{"name": PLAIN, "this": {"refused": "no such case"}}], "machine": {"versions": VERSIONS}}
    with pytest.raises(AssertionError, match="cannot be counted: no such case"):
        Counted.of(document)


def test_cases_that_come_and_go_are_told() -> None:
    found = list(moved(Counted({PLAIN: 1000, "a": 10_000, "c": 1}, VERSIONS), BEFORE))
    assert found == ["b: counted no more", "c: counted only now"]
