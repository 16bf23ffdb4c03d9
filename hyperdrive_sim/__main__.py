"""`hyperdrive-sim` and `python -m hyperdrive_sim`: the process around a command, from its first instant on.

A signal ends it where it stands, after what was half done has been undone. Python's modules may be half loaded then; this one therefore
loads nothing before it has said so.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

SIGNALLED = 128
"""Exit code of a process that a signal ended, beside its number: 130 for Ctrl-C, 143 for SIGTERM, 129 for a terminal that is closed."""

FAULT = 70
SIGNALS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
"""Signals that ask a process to end."""


def leave(number: int, frame: FrameType | None) -> None:
    """End the process at a signal, and leave nothing half done."""
    signal.signal(number, signal.SIG_DFL)  # a second one ends it even if nobody reads what is said
    if tidy := getattr(sys.modules.get("hyperdrive_sim.files.undone"), "now", None):
        tidy()
    try:  # noqa: SIM105 - contextlib would have to be loaded
        os.write(2, b"interrupted\n")
    except OSError:  # nobody reads it
        pass
    os._exit(SIGNALLED + number)


def main() -> None:
    """Run one command and end the process with its exit code.

    One command is one process: its memory goes back when it ends, so what is loaded and made, perhaps millions of records, is neither
    searched for cycles on the way nor taken apart one by one at the end.
    """
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it looks for some in every package that is installed
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as of a job in the background, or under nohup
            signal.signal(number, leave)
    open_streams()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # maps are shared among threads of ours; more of them would wait for each other
    try:
        from hyperdrive_sim.cli.commands import main as run
    except Exception as error:  # a package that this one needs is missing, or another than it was written for
        sys.stderr.write(f"error: hyperdrive-sim cannot start: {error}; install it again: pip install --force-reinstall hyperdrive-sim\n")
        os._exit(FAULT)
    os._exit(run())


def open_streams() -> None:
    """Let the standard streams that are closed lead nowhere, before a file of ours takes their place and is written messages into."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


if __name__ == "__main__":
    main()
