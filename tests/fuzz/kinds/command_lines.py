"""Command lines: every command, options in any combination, right, wrong, missing, doubled; names of files of every sort."""

from __future__ import annotations

from functools import cache
from random import Random

from kinds import nasty, worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance
from kinds.scenario_texts import TASKS, any_value

OPTIONS = {
    "run": [
        "--set",
        "--set",
        "--json",
        "-o",
        "-o",
        "--dry-run",
        "--trace",
        "--trace-window",
        "--trace-level",
        "--force",
        "--max-memory",
        "--engine",
    ],
    "check": ["--set", "--json", "-o", "--force", "--max-memory", "--engine"],
    "sweep": ["--set", "--json", "--max-memory", "--engine"],
    "compare": ["--set", "--json", "--max-memory", "--engine"],
    "report": ["--set", "-o", "--force", "--max-memory", "--engine"],
    "diagram": ["--set", "--width", "--units", "--max-memory", "--engine"],
    "explain": ["--set", "--json", "--max-memory", "--engine"],
    "validate": ["--json", "--markdown", "--max-memory", "--engine"],
    "list": ["--json"],
    "describe": ["--json", "--set", "--input-shape"],
    "schema": [],
    "weights": ["--set", "--json", "--template", "--template", "--force", "--max-memory"],
}
WEIGHTS = [8, 4, 3, 4, 1, 4, 3, 1, 0.3, 2, 0.2, 2]
FLAGS = ("--json", "--dry-run", "--markdown", "--force")
ANYWHERE = ["-h", "--help", "--version", "--traceback", "--nonsense", "-x", "--", "--jso", "--out=out", "--json=1", "-", "--traceback=1"]
NAMES = [
    *(
        "good.yaml",
        "good.yaml",
        "good.yaml",
        "good.yaml",
        "xnor.yaml",
        "sweep.yaml",
        "with space.yaml",
        "caf\udce9.yaml",
        "\x1b[31mred.yaml",
    ),
    *("\u202eevil.yaml", "new\nline.yaml", "bad.yaml", "-o.yaml", "empty.yaml", "run", "run", "run/scenario.resolved.yaml", "foreign"),
    *("folder", "fifo", "dangling", "loop", "nobody.yaml", "", ".", "..", "good.yaml/", "good.yaml/x", "/dev/null", "/dev/zero", "/"),
    *("x" * 300, "notes.txt", "a.npz", "/proc/self/mem", "~", "*", "good", "GOOD.YAML", "./good.yaml", "foreign/../good.yaml", "\udcff"),
    *("hyperdrive/tiny_2x2", "hyperdrive/tiny_2x2.yaml", "hyperdrive", "../hyperdrive/tiny_2x2", "Hyperdrive/tiny_2x2", "tiny_2x2"),
]
OUTPUTS = [
    *("out", "out", "out", "new/below/out", "with space", "run", "run", "foreign", "folder", "", ".", "..", "notes.txt", "good.yaml"),
    *("good.yaml/out", "notes.txt/x/y", "fifo", "dangling", "loop", "caf\udce9", "\x1b[2J", "x" * 300, "page.html", "t.json", "out/", "-"),
    *("/proc/nobody/out", "link", "run/scenario.resolved.yaml", "run/manifest.json", "new\nline", "-out", "--json"),
]
PAGES = ["out.html", "out.html", "page.html", "new/out.html", "out", "foreign/out.html", ".html"]
TIMELINES = [
    "t.json",
    "t.json",
    "t.json.gz",
    "t.vcd",
    "t.pftrace",
    "t.perfetto-trace",
    "t.txt",
    "t",
    "new/t.vcd",
    ".json",
    "T.JSON",
    "t.json.json",
]
TEMPLATES = ["w.npz", "w.npz", "new/w.npz", "a.npz", "w"]
WINDOWS = ["0us:1us", ":", "1us:", ":1ms", "1us", "2us:1us", "-1us:1us", "nan:inf", "1e3ps:1e9ps", "0ps:0ps", "1:2", "a:b", "1us:2us:3us"]
LEVELS = ["unit", "chip", "machine", "unit", "Chip", "", "chips", "\x1b[2J"]
SETTINGS = [
    *("frames=2", "chip.mesh=[2,2]", "granularity=pixel", "seed=2", "chip={}", "sweep={frames: [1, 2]}", "title=x", "input_shape=[3,8,8]"),
    *(
        "frames",
        "=",
        "=1",
        "frames=",
        ".=1",
        "a..b=1",
        "frames=2=3",
        "chip.=1",
        " frames =2",
        "input_shape.0=1",
        "input_shape.9=1",
        "frames.x=1",
    ),
    *("input_shape.-1=4", "chip.mesh.0=2", "input.image=a.png", "input.image=run", "weights=a.npz", "weights=fifo", "extends=good.yaml"),
    *(
        "title=\x1b[2J",
        "title=\udce9",
        "title=a\nb",
        "\x1b[2J=1",
        "chip.mesh=[1000,1000]",
        "frames=nan",
        "network=\u202e",
        "schema_version=2",
    ),
    *("sweep.frames=[1]", "sweep.0=1", "a" * 5_000 + "=1", ".".join("a" * 60) + "=1", "title=" + "x" * 5_000, "chip=[1]", "chip.mesh=auto"),
    *("network_options.bases=3", "reproduces=lenet", "reproduces=null", "architecture=xnorbin", "architecture=../x", "network=tiny_xnor"),
]


@cache
def files() -> dict[str, Content]:
    """What is there: scenarios under all sorts of names, a run, somebody else's files."""
    good = worlds.written(worlds.PLAIN)
    xnor = worlds.written(worlds.PLAIN | {"architecture": "xnorbin", "network": "tiny_xnor", "input_shape": [16, 9, 11]})
    names = ["good.yaml", "with space.yaml", "caf\udce9.yaml", "\x1b[31mred.yaml", "\u202eevil.yaml", "new\nline.yaml", "-o.yaml"]
    return {
        **dict.fromkeys(names, good),
        "xnor.yaml": xnor,
        "sweep.yaml": worlds.written(worlds.PLAIN | {"sweep": {"frames": [1, 2], "chip.mesh": [[1, 1], [70, 70]]}}),
        "bad.yaml": good + b"fames: 2\nchip: {voltage: \x7f}\n",
        "empty.yaml": b"",
        "notes.txt": b"somebody's notes\n",
        "page.html": b"<!doctype html>\n",
        "a.npz": b"PK\x05\x06" + bytes(18),
        **{f"run/{name}": data for name, data in worlds.run_directory().items()},
        **{f"foreign/{name}": b"somebody's\n" for name in ("spans.npz", "result.json", "output.npy", "notes.txt")},
        "folder": Folder(),
        "fifo": Fifo(),
        "dangling": Link("nowhere"),
        "loop": Link("loop"),
        "link": Link("foreign"),
    }


def drawn(rng: Random) -> Input:
    command = rng.choices([*OPTIONS], WEIGHTS)[0]
    words, outputs = _arguments(rng, command), []
    for option in rng.choices(OPTIONS[command] or ["--json"], k=rng.choice([0, 0, 1, 1, 2, 3])):
        value = None if option in FLAGS else _value(rng, command, option)
        if option in ("-o", "--trace", "--template") and value is not None:
            outputs.append(value)
        words.append(_written(rng, option, value))
    if chance(rng, 0.12):
        words.append([rng.choice(ANYWHERE)])
    if chance(rng, 0.5):
        rng.shuffle(words)
    argv = [command if chance(rng, 0.97) else rng.choice(["", "nonsense", "ru", "RUN", "\x1b[2J", "\udcff", "--", "run "])]
    argv += [word for some in words for word in some]
    if chance(rng, 0.05):
        argv.insert(rng.randrange(len(argv) + 1), rng.choice(ANYWHERE))
    if chance(rng, 0.02):
        argv = argv[: rng.randrange(len(argv) + 1)]
    return Input(tuple(argv), files(), command, tuple(filter(None, (_replaceable(command, output, argv) for output in outputs))))


def _arguments(rng: Random, command: str) -> list[list[str]]:
    if command == "validate":  # a whole one takes seconds
        return [["nobody"], *([[rng.choice(NAMES)]] if chance(rng, 0.3) else [])]
    if command in ("list", "schema"):
        return [[rng.choice(NAMES)]] if chance(rng, 0.2) else []
    if command == "describe":
        return [[rng.choice([*NAMES, "hyperdrive", "xnorbin", "lenet", "tiny_conv", "finn_cnv", "resnet34"])]]
    many = rng.choice([1, 1, 2, 3]) if command in ("compare", "report") else rng.choices([1, 0, 2], [20, 1, 1])[0]
    more = [[rng.choice(TASKS)]] if command == "explain" and chance(rng, 0.95) else []
    return [[rng.choice(NAMES)] for _ in range(many)] + more


def _value(rng: Random, command: str, option: str) -> str | None:
    """A value for an option; now and then None, which leaves it out."""
    if chance(rng, 0.03):
        return None
    key = rng.choice(["frames", "chip", "chip.mesh", "title", "network", "input_shape", "seed", "sweep", "weights", nasty.key(rng)])
    free = f"{key}={any_value(rng)}".replace("\0", "").encode("utf-8", "replace").decode()
    pools = {
        "--set": [rng.choice(SETTINGS), rng.choice(SETTINGS), free],
        "-o": [*(PAGES * 4 if command == "report" else ()), *OUTPUTS],
        "--trace": [*TIMELINES * 2, *OUTPUTS],
        "--template": [*TEMPLATES * 4, *OUTPUTS],
        "--engine": ["auto", "simpy", "compiled", "", "fast", "\x1b[2J"],
        "--max-memory": ["4GiB", "200MB", "1", "0", "-1", "", "much", "1e9", "9" * 30, "\u0663GiB", "4XB", "\x1b[2J"],
        "--input-shape": ["3,224,224", "3,8,8", "1,28,28", "[3,8,8]", "3,8", "", "0,1,1", "3,70000,1", "a,b,c", "1e3,1,1", "\u0663,8,8"],
        "--trace-window": WINDOWS,
        "--trace-level": LEVELS,
        "--width": ["10", "30", "1000", "9", "-1", "1e3", "", "x", "99999999999999999999", "\u0663\u0663"],
        "--units": ["1", "3", "40", "100000", "0", "-1", "1.5", "", "x"],
    }
    return rng.choice(pools[option])


def _written(rng: Random, option: str, value: str | None) -> list[str]:
    long = "--output" if option == "-o" and chance(rng, 0.3) else option
    if value is None:
        return [long]
    return [f"{long}={value}"] if long.startswith("--") and chance(rng, 0.4) else [long, value]


def _replaceable(command: str, output: str, argv: list[str]) -> str:
    """What a command may change of what was there: an earlier run, or with `--force` the file that is its output; empty if nothing."""
    name = output.removeprefix("./").rstrip("/")
    if command == "run" and name == "run":
        return name
    return name if "--force" in argv and name.endswith((".html", ".json", ".txt", ".npz")) and not name.startswith("run/") else ""
