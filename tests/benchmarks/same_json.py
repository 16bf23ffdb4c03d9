"""Compares what two checkouts compute: `run --json` of every scenario, key by key.

    python tests/benchmarks/same_json.py OLD NEW [--python FOR_OLD FOR_NEW] [--only TEXT]

OLD and NEW are directories of the repository, such as two git worktrees. Each scenario of either is run by both; those whose output is
the same to the byte are counted, of the others the keys are printed that moved. Ends with 1 if any moved, else with 0.

Both are run by this Python unless told otherwise: it needs what the package depends on, and the package itself is that of the checkout. A
relative path is taken from each checkout, as in `--python .venv/bin/python .venv/bin/python`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FEW = 12


class Checkout(NamedTuple):
    """A directory of the repository and the Python that runs it."""

    folder: Path
    python: str

    def scenarios(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in (self.folder / "scenarios").rglob("*.yaml")}

    def output(self, scenario: str) -> str:
        """What `run --json` prints; for a scenario that does not run, what it complains about."""
        command = [self.python, "-m", "hyperdrive_sim", "run", scenario, "--json"]
        environment = {**os.environ, "PYTHONPATH": str(self.folder.resolve())}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else json.dumps({"exit code": done.returncode, "stderr": done.stderr})


def moved(old: str, new: str) -> list[str]:
    """A line for every key that is not the same in two documents."""
    before, after = dict(_flat(json.loads(old))), dict(_flat(json.loads(new)))
    lines = []
    for key in dict.fromkeys((*before, *after)):
        if key not in after:
            lines.append(f"{key}: gone, was {before[key]!r}")
        elif key not in before:
            lines.append(f"{key}: new, {after[key]!r}")
        elif before[key] != after[key]:
            lines.append(f"{key}: {before[key]!r} -> {after[key]!r}")
    return lines or ["nothing but the order or the spelling of what is there"]


def _flat(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text by its path; a list's items by their name where they have one, else by number."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{above}/{key}" if above else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            name = item.get("name", item.get("quantity", number)) if isinstance(item, dict) else number
            yield from _flat(item, f"{above}/{name}")
    else:
        yield above, value


def compare(old: Checkout, new: Checkout, only: str = "") -> int:
    """Print what moved; returns how many scenarios are not the same."""
    scenarios = sorted(name for name in old.scenarios() | new.scenarios() if only in name)
    unlike = 0
    for name in scenarios:
        before, after = old.output(name), new.output(name)
        if before == after:
            continue
        unlike += 1
        lines = moved(before, after)
        print(f"{name}: {len(lines)} moved", *lines[:FEW], sep="\n  ")
        if len(lines) > FEW:
            print(f"  and {len(lines) - FEW} more")
    print(f"{len(scenarios) - unlike} of {len(scenarios)} scenarios are the same to the byte")
    return unlike


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--python", nargs=2, metavar=("FOR_OLD", "FOR_NEW"), default=(sys.executable, sys.executable), help="who runs each")
    parser.add_argument("--only", default="", metavar="TEXT", help="scenarios with this in their path")
    asked = parser.parse_args()
    olds, news = asked.python
    sys.exit(1 if compare(Checkout(asked.old, olds), Checkout(asked.new, news), asked.only) else 0)


if __name__ == "__main__":
    main()
