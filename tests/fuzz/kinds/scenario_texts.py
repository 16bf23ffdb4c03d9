"""Scenarios: good ones changed a little so that they still run, changed for the worse, and texts that are hardly YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from kinds import nasty, worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance, spoilt, weighted
from kinds.nasty import Verbatim, flow
from kinds.worlds import Data

FILE = "s.yaml"
TASKS = [
    "0",
    "1",
    "-1",
    "99999999",
    "input",
    "compute",
    "* * *",
    "",
    "compute * *",
    "1e3",
    "\u0661",
    "x" * 500,
    "\x1b[2J",
    "[a-z]",
    "output *",
]
COMMANDS = {
    ("run",): 30,
    ("run", "--dry-run"): 16,
    ("run", "--json"): 6,
    ("run", "-o", "out"): 5,
    ("run", "--trace", "t.json"): 3,
    ("run", "--trace", "t.vcd"): 2,
    ("run", "--trace", "t.pftrace"): 2,
    ("run", "--trace", "t.json.gz", "--trace-level", "chip"): 2,
    ("check",): 8,
    ("check", "-o", "out"): 2,
    ("diagram",): 7,
    ("diagram", "--width", "30"): 2,
    ("explain",): 6,
    ("sweep",): 5,
    ("sweep", "--json"): 2,
    ("compare",): 4,
    ("report", "-o", "page.html"): 1,
}
GREAT: Mapping[str, list[Any]] = {
    "input_shape": [[3, 65_536, 65_536], [65_536, 1, 1], [1, 1, 65_536], [512, 1024, 3], [65_536] * 3, [3, 4096, 8192]],
    "frames": [1_000, 100_000, 99_999],
    "seed": [2**32 - 1],
    "frames_per_s": [1e-6, 1e9, 1e6],
    "chip.mesh": [[1_000, 1_000], [1, 65_536], [2**31, 2**31], [50, 50]],
    "network_options": [{"bases": 1_000}, {"width": 65_536}, {"bases": 10**9}],
    "network": ["resnet152", "groupnet_resnet18"],
}
LONG = ("chip.mesh", "frames", "network", "network_options", "input_shape")
"""Keys whose great values make runs that are right to take minutes."""


def drawn(rng: Random) -> Input:
    data, files = worlds.scenario(rng), {}
    how = weighted(rng, {"near": 55, "great": 8, "nasty": 22, "extends": 7, "text": 8, "bytes": 12})
    text, what = "", ""
    if how == "great":
        what = great(rng, data)
    elif how == "extends":
        what, files = _extending(rng, data)
    else:
        for _ in range(rng.choice([1, 1, 2, 3])):
            near(rng, data)
        if how == "nasty":
            what = worsen(rng, data)
    text = worlds.text(data)
    raw = _text(rng, text) if how == "text" else text.encode("utf-8", "surrogatepass")
    if how == "bytes":
        raw, what = _spoilt(rng, raw)
    command = _command(rng, patient=what in LONG and (what != "input_shape" or chance(rng, 0.7)))
    return Input((*command[:1], FILE, *command[1:]), {FILE: raw, **files}, f"{how} {what}".strip(), ("out", "page.html"))


def _command(rng: Random, *, patient: bool) -> tuple[str, ...]:
    if patient:
        return ("run", "--dry-run")
    found: tuple[str, ...] = weighted(rng, COMMANDS)
    return ("explain", rng.choice(TASKS)) if found == ("explain",) else found


# --- changes that leave a scenario good, or nearly so ---


def near(rng: Random, data: Data) -> None:
    """Change one setting to another that may well be right."""
    rng.choice(_NEAR)(rng, data)


def _shape(rng: Random, data: Data) -> None:
    shape = [*data["input_shape"]]
    shape[rng.choice([1, 1, 2, 2, 0])] = rng.choice([1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 17, 28, 31, 32, 33])
    data["input_shape"] = shape


def _frames(rng: Random, data: Data) -> None:
    data["frames"] = rng.choice([1, 2, 3, 4, 7])
    if chance(rng, 0.5):
        rate = rng.choice([1e-6, 0.5, 30, 1e4, 1e6, 1e9, 123_456.789])
        data |= rng.choice([{"frames_per_s": rate}, {"arrivals": {rng.choice(["periodic_per_s", "poisson_per_s"]): rate}}])
    if chance(rng, 0.3):
        data["deadline_s"] = rng.choice([1e-9, 1e-4, 0.033, 1e6])


def _grain(rng: Random, data: Data) -> None:
    known = registry.load(data["architecture"]).grains
    data["granularity"] = rng.choice(known if chance(rng, 0.85) else ["block", "pixel", "channel", "stage", "layer"])


def _network(rng: Random, data: Data) -> None:
    architecture = data["architecture"] if chance(rng, 0.85) else rng.choice(registry.names())
    data["network"] = rng.choice(worlds.networks(architecture))
    if chance(rng, 0.85):
        data["input_shape"] = [zoo.channels(data["network"]) or data["input_shape"][0], *data["input_shape"][1:]]


def _options(rng: Random, data: Data) -> None:
    known = zoo.options(data["network"]) if data["network"] in zoo.names() else {}
    name = rng.choice([*known] or ["bases", "width"])
    data["network_options"] = {name: rng.choice([0, 1, 2, 3, 4, 5, 8, 16, 33])}


def _architecture(rng: Random, data: Data) -> None:
    others = [name for name in registry.names() if name != "hyperdrive"]
    data["architecture"] = rng.choice(others if chance(rng, 0.8) else registry.names())
    if chance(rng, 0.8):
        data.pop("chip", None)
        data.pop("granularity", None)


def _chip(rng: Random, data: Data) -> None:
    chip = {**data.get("chip", {})}
    for name in rng.sample(list(_fields(data["architecture"])), rng.choice([1, 1, 2, 4])):
        chip[name] = _plausible(rng, _fields(data["architecture"])[name])
    data["chip"] = chip


def _sweep(rng: Random, data: Data) -> None:
    fields = [f"chip.{name}" for name in _fields(data["architecture"])]
    good = {
        "frames": [1, 2],
        "arrivals.poisson_per_s": [1e3, 1e4],
        "granularity": ["block", "pixel", "channel"],
        "input_shape": [[3, 12, 12], [16, 9, 11]],
        "seed": [1, 2],
    }
    more = {name: [_plausible(rng, _fields(data["architecture"])[name[5:]]) for _ in range(2)] for name in rng.sample(fields, 1)}
    axes = good | more | {"chip.mesh": [[1, 1], "auto", [2, 2]], "network": ["tiny_xnor", "tiny_conv"], "input.image": ["a.png"]}
    data["sweep"] = {name: axes[name] for name in rng.sample(list(axes), rng.choice([1, 1, 2]))}


def _reproduces(rng: Random, data: Data) -> None:
    data["reproduces"] = rng.choice(["resnet34_224", "lenet", "binary_alexnet", "full_array", "nobody", None])


def _seed(rng: Random, data: Data) -> None:
    data["seed"] = rng.choice([0, 1, 2**32 - 1, 12_345])


_NEAR: tuple[Callable[[Random, Data], None], ...] = (
    *(_shape, _shape, _frames, _grain, _network, _options, _architecture),
    *(_chip, _chip, _chip, _sweep, _reproduces, _seed),
)


@cache
def _fields(architecture: str) -> Mapping[str, Any]:
    """JSON schemas of a chip's settings, by name; of a chip that is none, those of Hyperdrive."""
    name = architecture if architecture in registry.names() else "hyperdrive"
    found: Mapping[str, Any] = registry.load(name).Spec.model_json_schema()["properties"]
    return found


def _plausible(rng: Random, schema: Mapping[str, Any]) -> Any:
    """A value that a schema allows, or nearly; numbers are small or at the limits."""
    if "anyOf" in schema:
        return _plausible(rng, rng.choice(schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return rng.choice([*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])])
    match schema.get("type"):
        case "array":
            items = schema.get("prefixItems", [schema.get("items", {})])
            return [_plausible(rng, item) for item in items]
        case "object":
            return {rng.choice(["conv1", "layer1.0.conv1", "nobody"]): rng.choice([0, 0.5, 1, 2])}
        case "boolean":
            return chance(rng, 0.5)
        case "string":
            return rng.choice(["auto", "conv1", "layer1.0.conv1"])
    limits = [schema[name] for name in ("minimum", "maximum", "exclusiveMinimum", "default") if schema.get(name) is not None]
    small: list[Any] = [1, 2, 3, 5, 8, 16, 64, 1000, 12_000]
    return rng.choice([*small, *limits, *([] if schema.get("type") == "integer" else [0.01, 0.5, 2.5, 1.2])])


# --- changes for the worse ---


def great(rng: Random, data: Data) -> str:
    """Set something to an absurd size, and return what."""
    key = rng.choice(list(GREAT))
    value = rng.choice(GREAT[key])
    if key.startswith("chip."):
        data |= {"architecture": "hyperdrive", "network": "tiny_conv", "chip": {key[5:]: value}}
        data.pop("granularity", None)
    else:
        data[key] = value
        data.pop("chip", None)  # on a chip with a single lane a great network is right to take minutes, too
    return key


def worsen(rng: Random, data: Data) -> str:
    """Spoil one or two things of a scenario, and return how the last one was."""
    what = ""
    for _ in range(rng.choice([1, 1, 2])):
        change = rng.choice(_WORSE)
        change(rng, data)
        what = change.__name__.strip("_")
    return what


def _replace(rng: Random, data: Data) -> None:
    """One value, also one inside of another."""
    name = rng.choice([*data])
    if isinstance(data[name], dict) and data[name] and chance(rng, 0.7):
        inner = rng.choice([*data[name]])
        data[name] = {**data[name], inner: nasty.value(rng)}
    elif isinstance(data[name], list) and data[name] and chance(rng, 0.7):
        changed = [*data[name]]
        changed[rng.randrange(len(changed))] = nasty.value(rng)
        data[name] = changed
    else:
        data[name] = nasty.value(rng)


def _setting(rng: Random, data: Data) -> None:
    """A key that a scenario may have and this one need not."""
    keys = [
        "frames",
        "frames_per_s",
        "arrivals",
        "deadline_s",
        "input",
        "weights",
        "seed",
        "reproduces",
        "sweep",
        "chip",
        "network_options",
        "granularity",
    ]
    data[rng.choice(keys)] = nasty.value(rng)


def _chip_value(rng: Random, data: Data) -> None:
    fields = _fields(str(data.get("architecture")))
    chip = data["chip"] if isinstance(data.get("chip"), dict) else {}
    data["chip"] = {**chip, rng.choice([*fields]): nasty.value(rng)}


def _sweep_values(rng: Random, data: Data) -> None:
    keys = ["frames", "chip.mesh", "chip", "sweep", "title", "chip.voltage_v", "network_options.bases", "schema_version", nasty.key(rng)]
    values = [[nasty.value(rng) for _ in range(rng.randrange(4))], nasty.value(rng), list(range(10_001))]
    data["sweep"] = {rng.choice(keys): rng.choice(values)}


def _drop(rng: Random, data: Data) -> None:
    del data[rng.choice([*data])]
    data.setdefault("title", "so that something is left")


def _unknown(rng: Random, data: Data) -> None:
    many = rng.choice([1, 1, 5, 3_000])
    more = {f"{nasty.key(rng)}{number if many > 1 else ''}": 1 for number in range(many)}
    if chance(rng, 0.5):
        data["chip"] = {**data["chip"], **more} if isinstance(data.get("chip"), dict) else more
    else:
        data |= more


_WORSE: tuple[Callable[[Random, Data], None], ...] = (_replace, _replace, _setting, _chip_value, _sweep_values, _drop, _unknown)


def _extending(rng: Random, data: Data) -> tuple[str, dict[str, Content]]:
    """A scenario that builds on another file, or on what is none."""
    below = worlds.written(data)
    files: dict[str, tuple[str, dict[str, Content]]] = {
        "good": ("b.yaml", {"b.yaml": below}),
        "itself": (FILE, {}),
        "missing": ("nobody.yaml", {}),
        "folder": ("d", {"d": Folder()}),
        "fifo": ("f", {"f": Fifo()}),
        "zeros": ("/dev/zero", {}),
        "chain": ("c0.yaml", {f"c{n}.yaml": f"extends: c{n + 1}.yaml\n".encode() for n in range(rng.choice([3, 100, 1_500]))}),
        "circle": ("b.yaml", {"b.yaml": f"extends: ./{FILE}\n".encode()}),
        "dangling": ("l.yaml", {"l.yaml": Link("nowhere")}),
        "loop": ("l.yaml", {"l.yaml": Link("l.yaml")}),
        "through a file": ("b.yaml/c.yaml", {"b.yaml": below}),
        "long name": ("x" * 300, {}),
        "deep name": ("/".join(["x"] * 3_000), {}),
        "spoilt": ("b.yaml", {"b.yaml": spoilt(rng, below)[0]}),
        "escape": ("\x1b[2J.yaml", {"\x1b[2J.yaml": b"extends: 1\n"}),
        "NUL": ("a\x00b", {}),
    }
    what = rng.choice([*files])
    target, more = files[what]
    kept = ["title"] if chance(rng, 0.7) else [*data]
    for key in [*data]:
        if key not in kept:
            del data[key]
    data["extends"] = target if chance(rng, 0.9) else nasty.value(rng)
    return what, more


# --- texts ---


def _text(rng: Random, text: str) -> bytes:
    """A scenario's text with what YAML has besides keys and values."""
    lines = text.splitlines()
    key, _, value = rng.choice(lines).partition(": ")
    changes: list[Callable[[], str]] = [
        lambda: f"%YAML {rng.choice(['1.1', '1.2', '1.9', '2.0', 'x', ''])}\n---\n{text}",
        lambda: f"%TAG ! tag:x,2000:\n---\n{text}",
        lambda: f"{text}---\n{text}",
        lambda: f"{text}...\n{rng.choice(['', 'x', text])}",
        lambda: f"{text}{key}: {value}\n",
        lambda: text.replace(f"{key}: ", f"{key}: {rng.choice(['&a ', '!!str ', '!x ', '*a ', '!!map ', '| ', '> ', '- ', '? '])}"),
        lambda: f"{text}more: &a {{b: 1}}\nagain: {{<<: *a}}\n",
        lambda: f"{text}<<: {{frames: 2}}\n",
        lambda: _laughs() + text,
        lambda: text.replace("\n", rng.choice(["\r\n", "\r", "\x85", "\u2028", "\n\n", "\n \n", " #\n"])),
        lambda: text.replace(": ", rng.choice([":", ":\t", " : ", ":  ", "= "])),
        lambda: rng.choice(["\ufeff", "\ufeff\ufeff", " ", "\t", "# \x07\n", "\x00", "- "]) + text,
        lambda: f"{text}title: {rng.choice(nasty.BROKEN)}\n",
        lambda: f"{key}: {flow(nasty.nested(rng))}\n{text}",
        lambda: f"? {{{key}: 1}}\n: 2\n{text}",
        lambda: f"? {'k' * rng.choice([1_025, 200_000])}\n: 2\n{text}",
        lambda: f"{text}x: {'y' * rng.choice([10_000, 262_143, 300_000])}\n",
        lambda: rng.choice(["", "\n", "null", "[]", "a", "42", "---\n", "...\n", "# x", "{}", "!!map {}"]),
        lambda: "".join(f"k{n}: {n}\n" for n in range(rng.choice([100, 3_000, 20_000]))) + text,
    ]
    made = rng.choice(changes)()
    encoding = weighted(rng, {"utf-8": 20, "utf-16": 1, "utf-16-le": 1, "utf-32": 1, "utf-8-sig": 1, "latin-1": 1})
    return made.encode(encoding, "replace")


def _laughs() -> str:
    """Aliases of aliases: nine lines that are a billion values when they are written out."""
    lines = (f"{name}: &{name} [{f'*{before}, ' * 9}]\n" for before, name in pairwise("abcdefghi"))
    return "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(lines)


def _spoilt(rng: Random, raw: bytes) -> tuple[bytes, str]:
    how = ""
    for _ in range(rng.choice([1, 1, 2, 4])):
        raw, how = spoilt(rng, raw)
    if chance(rng, 0.2):
        at = rng.randrange(len(raw) + 1)
        raw = (
            raw[:at]
            + rng.choice([b"\x00", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[31m", b"\xef\xbb\xbf"])
            + raw[at:]
        )
    return raw, how


def any_value(rng: Random) -> str:
    """A value as `--set` takes one."""
    return flow(Verbatim(rng.choice(nasty.TAGGED)) if chance(rng, 0.2) else nasty.value(rng))
