"""What is undone where a process ends in the middle of it: a file that is half written, a terminal without a cursor.

A signal ends the process where it stands, after it has undone all this. An exception in its place could come out anywhere, also where
somebody takes it for a failure of theirs or does not listen: inside of an import, a callback, the end of an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Action = Callable[[], None]

_actions: list[Action] = []


@contextmanager
def undone(action: Action) -> Iterator[None]:
    """Carry out an *action* at the end of the block, whatever ends it, a signal too; it may then be carried out twice."""
    _actions.append(action)
    try:
        yield
    finally:
        try:
            action()
        finally:
            _actions.remove(action)


def now() -> None:
    """Undo everything, the latest first; called at the end of the process."""
    for action in reversed(_actions):
        with suppress(Exception):
            action()
