"""Files of times that frames arrive at: right ones, lines that are no times, and files that are not what they say."""

from __future__ import annotations

from random import Random

from kinds import nasty, worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance, spoilt, weighted

COMMANDS = {("run",): 12, ("run", "--json"): 2, ("run", "--dry-run"): 2, ("run", "-o", "out"): 3, ("check",): 3, ("describe",): 2}
LINES = (
    *("", " ", "-1", "nan", "inf", "1e999", "1e-999", "0x10", "1_0", "9.2e6", "9.3e6", "1,5"),
    *("arrival_s", "\0", "\x1b[2J", "9" * 5000, "1\r2"),
)


def drawn(rng: Random) -> Input:
    times = sorted(rng.choice([0, 1e-9, 1e-4, 0.5, 9e6]) * rng.random() for _ in range(rng.choice([1, 2, 3, 8])))
    lines = [*(["arrival_s"] if chance(rng, 0.5) else []), *map(str, times)]
    how, what = weighted(rng, {"right": 40, "line": 40, "order": 8, "many": 4, "spoilt": 20, "place": 8}), ""
    if how == "line":
        what = rng.choice([*LINES, str(nasty.value(rng))])
        lines.insert(rng.randrange(len(lines) + 1), what)
    elif how == "order":
        rng.shuffle(lines)
    elif how == "many":
        lines += [lines[-1]] * rng.choice([100_000, 3_000_000])
    raw = rng.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode("utf-8", "surrogatepass") + rng.choice([b"", b"\n", b"\n\n"])
    if how == "spoilt":
        raw, what = spoilt(rng, raw)
    content: Content = raw
    if how == "place":
        content, what = rng.choice([(Folder(), "folder"), (Fifo(), "fifo"), (Link("nowhere"), "dangling"), (Link("/dev/zero"), "zeros")])
    name = "t.csv" if chance(rng, 0.9) else rng.choice(["t", "\x1b[2J.csv", "t\u202e.csv", "d/t.csv"])
    more = {"frames": rng.choice([1, 2, 9])} if chance(rng, 0.3) else {}
    scenario = worlds.written(worlds.PLAIN | {"arrivals": {"file": name}, "deadline_s": 1e-4} | more)
    command: tuple[str, ...] = weighted(rng, COMMANDS)
    return Input((command[0], "s.yaml", *command[1:]), {"s.yaml": scenario, name: content}, f"{how} {what[:40]}".strip(), ("out",))
