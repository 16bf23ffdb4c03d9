"""Run directories that somebody has been at: files changed, cut off, swapped, missing; half of them with hashes that agree."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from kinds import nasty, worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance, spoilt, weighted, without
from kinds.scenario_texts import TASKS
from kinds.weights import zipped

JSONS = ("result.json", "machine.json", "manifest.json")
ARCHIVES = ("spans.npz", "arrays.npz")
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    0.5,
    -0.5,
    1e308,
    2**63,
    2**64,
    10**40,
    "",
    "x",
    "\x1b[2J",
    "\ud800",
    "a\nb",
    [],
    {},
    [1],
    {"a": 1},
]
VALUES += [float("nan"), float("inf"), float("-inf"), "x" * 5_000, "../../etc/passwd", "/dev/zero", [[[]]] * 3, 1e-320]
COMMANDS = {
    ("compare", "D"): 16,
    ("compare", "D", "D"): 3,
    ("compare", "D", "--json"): 5,
    ("compare", "D", "s.yaml"): 3,
    ("diagram", "D"): 18,
    ("explain", "D"): 18,
    ("report", "D", "-o", "page.html"): 8,
    ("run", "D/scenario.resolved.yaml"): 8,
    ("run", "s.yaml", "-o", "D"): 12,
    ("check", "s.yaml", "-o", "D"): 2,
    ("run", "D"): 8,
    ("check", "D"): 1,
    ("describe", "D"): 3,
}
Tampered = dict[str, Content]


def drawn(rng: Random) -> Input:
    run: Tampered = {**worlds.run_directory(rng.choice([0, 0, 1]))}
    kinds = {_values: 40, _keys: 14, _text: 6, _arrays: 40, _members: 8, _bytes: 14, _missing: 5, _extra: 5, _place: 10, _paths: 8}
    what = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        tamper = weighted(rng, kinds)
        what.append(tamper(rng, run) or tamper.__name__.strip("_"))
    if chance(rng, 0.6):
        rehash(run)
        what.append("rehashed")
    command: tuple[str, ...] = weighted(rng, COMMANDS)
    if command[0] == "explain":
        command = ("explain", "D", rng.choice(TASKS[:6]), *(["--json"] if chance(rng, 0.3) else []))
    files = {f"D/{name}": content for name, content in run.items()} | {"s.yaml": worlds.written(worlds.PLAIN)}
    return Input(command, files, ", ".join(what), tuple(f"D/{name}" for name in run) if _vouched(run) else ())


def _vouched(run: Tampered) -> bool:
    """True if the manifest has the hash of every other file as it is: such a directory a new run may replace."""
    try:
        known = json.loads(_bytes_of(run, "manifest.json"))["files"]
        others = {name: content for name, content in run.items() if name != "manifest.json"}
        return all(isinstance(content, bytes) and known[name] == hashlib.sha256(content).hexdigest() for name, content in others.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def rehash(run: Tampered) -> None:
    """Let the manifest say what the files are now, as far as it can still be read."""
    try:
        manifest = json.loads(_bytes_of(run, "manifest.json"))
        files = {name: hashlib.sha256(content).hexdigest() for name, content in run.items() if isinstance(content, bytes)}
        manifest["files"] = {name: files.get(name, digest) for name, digest in manifest["files"].items()}
        run["manifest.json"] = json.dumps(manifest, indent=2).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


def _bytes_of(run: Tampered, name: str) -> bytes:
    content = run.get(name)
    return content if isinstance(content, bytes) else b""


def _json(rng: Random, run: Tampered) -> tuple[str, Any]:
    """One of the JSON files with what it holds; None where it holds no JSON any more."""
    name = rng.choices(JSONS, [6, 4, 2])[0]
    try:
        return name, json.loads(_bytes_of(run, name))
    except (ValueError, RecursionError):
        return name, None


def _stored(run: Tampered, name: str) -> dict[str, Any]:
    """Arrays of an archive; none where it is one no more."""
    try:
        with np.load(io.BytesIO(_bytes_of(run, name)), allow_pickle=False) as stored:
            return dict(stored)
    except Exception:  # a broken file makes numpy raise nearly anything
        return {}


def _somewhere(rng: Random, data: Any) -> tuple[Any, Any]:
    """A container within some data, and a key or a position of it."""
    while True:
        keys = [*data] if isinstance(data, dict) else [*range(len(data))]
        if not keys:
            return data, None
        key = rng.choice(keys)
        if not (isinstance(data[key], dict | list) and data[key]) or chance(rng, 0.15):
            return data, key
        data = data[key]


# --- ways to tamper ---


def _values(rng: Random, run: Tampered) -> str:
    """Values of a JSON file replaced."""
    name, data = _json(rng, run)
    if not isinstance(data, dict | list):
        return "nothing"
    what = ""
    for _ in range(rng.choice([1, 1, 1, 3])):
        where, key = _somewhere(rng, data)
        if key is not None:
            old = where[key]
            numeric = isinstance(old, int | float) and chance(rng, 0.5)
            where[key] = rng.choice([-old, old + 1, old * 10**6, float(old), 0, -1, 2**70]) if numeric else rng.choice(VALUES)
            what = f"{key}={str(where[key])[:20]!a}"
    run[name] = json.dumps(data).encode()
    return f"{name} {what}"


def _keys(rng: Random, run: Tampered) -> str:
    """A key or an item that is missing, that is too many, or that has another name."""
    name, data = _json(rng, run)
    if not isinstance(data, dict | list):
        return "nothing"
    where, key = _somewhere(rng, data)
    if key is None:
        return "nothing"
    how = rng.choice(["drop", "add", "rename", "double"])
    value = where[key]
    if how in ("drop", "rename"):
        del where[key]
    if how in ("add", "rename") and isinstance(where, dict):
        where[rng.choice(["nobody", "", "\x1b[2J", "name", "__class__"])] = value
    if how in ("add", "double") and isinstance(where, list):
        where.append(value)
    text = json.dumps(data)
    run[name] = (text.replace(f'"{key}":', f'"{key}": 1, "{key}":', 1) if how == "double" else text).encode()
    return f"{name} {how} {key}"


def _text(rng: Random, run: Tampered) -> str:
    """Another text in place of a JSON file."""
    name = rng.choice(JSONS)
    texts = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"x"',
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"9" * 5_000,
        b"{}{}",
    ]
    run[name] = rng.choice(texts)
    return f"{name} is {_bytes_of(run, name)[:9]!r}"


def _arrays(rng: Random, run: Tampered) -> str:
    """An array of an archive changed."""
    name = rng.choice(ARCHIVES)
    arrays = _stored(run, name)
    if not arrays:
        return "nothing"
    which, how = rng.choice([*arrays]), rng.choice([*_CHANGES])
    with np.errstate(all="ignore"):
        try:
            arrays[which] = _CHANGES[how](rng, arrays[which])
        except (ValueError, TypeError, OverflowError, IndexError):  # texts that are no numbers
            arrays[which] = np.zeros(3)
    run[name] = zipped({f"{one}.npy": worlds.npy(array) for one, array in arrays.items()})
    return f"{name} {which} {how}"


def _one_value(rng: Random, array: Any) -> Any:
    changed = array.copy()
    values = ["", "\x1b[2J", "nobody"] if array.dtype.kind == "U" else [-1, 0, 1, 2**31 - 1, 2**63 - 1, -(2**63), 10**6]
    changed.flat[rng.randrange(array.size)] = np.array(rng.choice(values)).astype(array.dtype)
    return changed


_CHANGES: dict[str, Callable[[Random, Any], Any]] = {
    "value": _one_value,
    "another value": _one_value,
    "negative": lambda rng, array: -array,
    "huge": lambda rng, array: array * 10**6,
    "zero": lambda rng, array: np.zeros_like(array),
    "not finite": lambda rng, array: np.full(array.shape, rng.choice([np.nan, np.inf, -np.inf])),
    "most": lambda rng, array: np.full(array.shape, np.iinfo(np.int64).max),
    "cut": lambda rng, array: array[:-1],
    "none": lambda rng, array: array[:0],
    "doubled": lambda rng, array: np.concatenate([array, array]),
    "reversed": lambda rng, array: array[::-1],
    "axis": lambda rng, array: array[None],
    "no axis": lambda rng, array: array.ravel()[0],
    "other type": lambda rng, array: array.astype(rng.choice(["f8", "i1", "i8", "u8", "u1", "?", "c8", "U9", "S3", "f2", ">i8", "m8[s]"])),
    "objects": lambda rng, array: array.astype(object),
    "wide text": lambda rng, array: np.array(["x" * 300] * len(array)),
    "escapes": lambda rng, array: np.array(["\x1b[2J"] * len(array)),
    "same": lambda rng, array: np.repeat(array[:1], len(array), axis=0),
}


def _members(rng: Random, run: Tampered) -> str:
    """Members of an archive missing, too many, under other names."""
    name = rng.choice(ARCHIVES)
    members = {f"{one}.npy": worlds.npy(array) for one, array in _stored(run, name).items()}
    if not members:
        return "nothing"
    which = rng.choice([*members])
    how = rng.choice(["drop", "add", "swap", "not an array"])
    if how == "drop":
        del members[which]
    else:
        members[rng.choice(["nobody.npy", "x", "../x.npy"]) if how == "add" else which] = (
            rng.choice([*members.values()]) if how != "not an array" else b"x"
        )
    run[name] = zipped(members)
    return f"{name} {how} {which}"


def _bytes(rng: Random, run: Tampered) -> str:
    name = rng.choice([*run])
    run[name], how = spoilt(rng, _bytes_of(run, name))
    return f"{name} {how}"


def _missing(rng: Random, run: Tampered) -> str:
    name = rng.choice([*run])
    del run[name]
    return f"no {name}"


def _extra(rng: Random, run: Tampered) -> str:
    name = rng.choice(
        ["notes.txt", "spans.parquet/x", "scenario.input.png", "scenario.weights.npz", ".hidden", "\x1b[2J", "d/e", "result.json.old"]
    )
    run[name] = b"somebody's\n"
    return f"also {name!a}"


def _place(rng: Random, run: Tampered) -> str:
    """Something else than a file under a file's name."""
    name = rng.choice([*run])
    run[name], what = rng.choice(
        [(Folder(), "folder"), (Fifo(), "fifo"), (Link("nowhere"), "dangling"), (Link("/dev/zero"), "zeros"), (Link(name), "loop")]
    )
    if chance(rng, 0.3):
        run.update({**without(run, [name]), name: Link("../s.yaml")})
    return f"{name} a {what}"


def _paths(rng: Random, run: Tampered) -> str:
    """Names in the manifest that lead elsewhere, and in the scenario."""
    try:
        manifest = json.loads(_bytes_of(run, "manifest.json"))
        names = [*manifest["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "nothing"
    kept = rng.sample(names, rng.randrange(len(names) + 1))
    manifest["files"] = {name: manifest["files"][name] for name in kept}
    if chance(rng, 0.6):
        manifest["files"][rng.choice(["../s.yaml", "/dev/zero", "/etc/passwd", "", ".", "a\0b", "x" * 300, "\x1b[2J", nasty.key(rng)])] = (
            "0" * 64
        )
    run["manifest.json"] = json.dumps(manifest).encode()
    return "manifest names"
