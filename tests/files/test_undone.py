"""What is half done is undone: at the end of its block, and at a signal that ends the process in the middle."""

from __future__ import annotations

import pytest

from hyperdrive_sim.files import undone


def test_actions_are_carried_out_the_latest_first_and_forgotten() -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise OSError

    with undone.undone(lambda: done.append("a")), undone.undone(lambda: done.append("b")):
        undone.now()
        assert done == ["b", "a"]
    assert done == ["b", "a", "b", "a"]
    with pytest.raises(OSError), undone.undone(lambda: done.append("c")), undone.undone(fails):
        undone.now()
    assert done[4:] == ["fails", "c", "fails", "c"]
    undone.now()
    assert len(done) == 8, "nothing is left to be undone"


def test_whatever_ends_the_block() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), undone.undone(lambda: done.append("a")):
        raise KeyboardInterrupt
    assert done == ["a"]
    assert undone._actions == []
