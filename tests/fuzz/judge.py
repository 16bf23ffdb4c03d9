"""What a program may do with any input, and what is a fault.

| fault | what happened |
|---|---|
| `traceback` | an exception came out, or a traceback stands in the output |
| `internal` | exit code 70: the program's own last line of defence was reached |
| `code` | an exit code that is not documented |
| `hang` | it did not end in time |
| `stdout` | wrong input (exit code 2), and yet something on stdout |
| `silent` | it failed and said nothing: after exit code 2 nothing on stderr, after another one nothing at all |
| `escape` | a control character reached stdout or stderr that is neither a line end nor a tab |
| `warning` | one of Python's own warnings reached stderr |
| `memory` | the process was killed |
| `left` | a temporary file stayed behind |
| `overwritten` | a file of the user's is another one now, or gone |
| `program` | another program was started |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kinds.given import Input

DOCUMENTED = (0, 1, 2, 3)
REFUSED, INTERNAL = 2, 70
TRACEBACK = "Traceback (most recent call last)"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
FRAME = re.compile(r'File "[^"\n]*?(hyperdrive_sim/[^"\n]+)", line (\d+), in (\S+)')
WARNING = re.compile(r"^\S*\.py:\d+: \w*Warning: .*", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code (negative: the signal that ended it; None: an exception did), output, traces in its directory.

    `raised` is the traceback of what came out of it. `left` are temporary files, `changed` files of the user's that are not what they were.
    """

    code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    raised: str = ""
    hung: bool = False
    programs: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


class Fault(NamedTuple):
    kind: str
    detail: str


def faults(given: Input, outcome: Outcome) -> list[Fault]:
    """Everything that is wrong with what a command did."""
    return [Fault(kind, detail) for kind, detail in _faults(given, outcome)]


def _faults(given: Input, outcome: Outcome) -> Iterator[tuple[str, str]]:
    command = given.argv[0] if given.argv else "no command"
    out, err = (stream.decode("utf-8", "backslashreplace") for stream in (outcome.stdout, outcome.stderr))
    if outcome.hung:
        yield "hang", place(outcome.raised)
        return
    yield from _ending(outcome, out + err, asked="--traceback" in given.argv)
    if outcome.code == REFUSED and outcome.stdout:
        yield "stdout", f"{command}: {out.strip().splitlines()[0][:60] if out.strip() else out!a}"
    if outcome.code and not outcome.stderr and (outcome.code == REFUSED or not outcome.stdout):
        yield "silent", f"exit code {outcome.code}"
    for name, text in (("stdout", out), ("stderr", err)):
        if found := CONTROL.search(text):
            yield "escape", f"{found.group()!a} on {name} of {command}: {_line_of(text, found.start())}"
    if found := WARNING.search(err):
        yield "warning", re.sub(r"^.*?((?:hyperdrive_sim|site-packages)/)", r"\1", found.group())
    yield from (("left", re.sub(r"\.\w{8}$", ".*", name)) for name in outcome.left)
    yield from (("overwritten", f"{name} by {command}") for name in outcome.changed)
    yield from (("program", one) for one in outcome.programs)


def _line_of(text: str, at: int) -> str:
    """The beginning of the line that a position of a text stands in."""
    return ascii(text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0][:70])


def _ending(outcome: Outcome, text: str, *, asked: bool) -> Iterator[tuple[str, str]]:
    """Faults in how a command ended; *asked* are tracebacks that an option asked for."""
    if outcome.raised:
        yield "traceback", place(outcome.raised)
    elif outcome.code == INTERNAL:
        yield "internal", place(text)
    elif TRACEBACK in text and not asked:
        yield "traceback", place(text)
    elif outcome.code is not None and outcome.code < 0:
        yield "memory", f"killed by signal {-outcome.code}"
    elif outcome.code not in DOCUMENTED:
        yield "code", f"exit code {outcome.code}"


def place(trace: str) -> str:
    """What was raised, and the innermost line of ours that it came through."""
    frames = FRAME.findall(trace)
    lines = [line for line in trace.splitlines() if line and not line.startswith(" ")]
    error = next((line for line in reversed(lines) if re.match(r"[\w.]+(: |$)", line)), "")[:100]
    return f"{ascii(error)[1:-1]} at {':'.join(frames[-1][:2])} in {frames[-1][2]}" if frames else ascii(error)[1:-1]


def group(fault: Fault) -> str:
    """What a fault has in common with others of its cause: its place, and what was raised without the particulars.

    Control characters are grouped by where they come from: the excerpt of a file, or a sentence.
    """
    if fault.kind == "escape":
        _, _, line = fault.detail.partition(": ")
        return "escape: in an excerpt" if line.startswith(("'    ", '"    ')) else "escape: in a sentence"
    error, at, where = fault.detail.rpartition(" at hyperdrive_sim/")
    return f"{fault.kind}: {error.partition(':')[0]}{at}{where}" if at else f"{fault.kind}: {fault.detail}"
