"""Work beside the main thread's: done by one other thread in turns, or by who asks for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from commands import TINY

import hyperdrive_sim as hs
from hyperdrive_sim.study.beside import Beside

MAIN = threading.main_thread()


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERDRIVE_SIM_JOBS", "2")


def test_on_one_processor_there_is_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERDRIVE_SIM_JOBS", "1")
    with Beside() as beside:
        assert beside.alone
        assert beside.threads() == 1
        assert beside.begin(threading.current_thread)() is MAIN
        assert beside.last(iter("abc"))() == "c"


def test_alone_work_is_done_when_it_is_asked_for() -> None:
    done: list[int] = []
    with Beside(alone=True) as beside:
        asked = beside.begin(lambda: done.append(1))
        assert not done
        asked()
    assert done == [1]


def test_the_thread_has_the_other_processors_and_all_while_the_main_one_waits() -> None:
    go, waits = threading.Event(), threading.Event()
    with Beside() as beside:
        assert beside.threads() == 1

        def work() -> int:
            go.wait()
            while beside.threads() == 1:  # until the main thread has begun to wait
                waits.wait(0.001)
            return beside.threads()

        result = beside.begin(work)
        go.set()
        assert result() == 2
        assert beside.threads() == 1


def test_what_is_asked_for_soon_goes_before_items() -> None:
    """One item is made at a time, so that what is begun meanwhile waits for one of them, not for all."""
    order: list[str] = []
    first, begun = threading.Event(), threading.Event()

    def items() -> Iterator[str]:
        for name in "abc":
            if name == "a":
                first.set()
                begun.wait()
            order.append(name)
            yield name

    with Beside() as beside:
        last = beside.last(items())
        first.wait()
        works = [beside.begin(partial(order.append, name)) for name in ("one", "two")]
        begun.set()
        assert last() == "c"
        for work in works:
            work()
    assert order == ["a", "one", "two", "b", "c"]


@pytest.mark.parametrize("alone", [True, False])
def test_what_goes_wrong_comes_out_where_it_is_asked_for(alone: bool) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    with Beside(alone=alone) as beside:
        work, last = beside.begin(lambda: 1 // 0), beside.last(items())
        with pytest.raises(ZeroDivisionError):
            work()
        with pytest.raises(ZeroDivisionError):
            last()


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    def forever() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Beside() as beside:
        beside.last(forever())
        raise KeyboardInterrupt
    assert threading.active_count() == before


@pytest.mark.parametrize(("times", "alone"), [(1, True), (2, False)])
def test_a_check_does_one_thing_after_the_other_where_memory_is_short(times: int, alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once takes up to twice the memory; the verdict is the same."""
    made: list[Beside] = []

    class Noticed(Beside):
        def __init__(self, **given: bool) -> None:
            super().__init__(**given)
            made.append(self)

    monkeypatch.setattr("hyperdrive_sim.study.checks.Beside", Noticed)
    monkeypatch.setattr("hyperdrive_sim.study.checks.affordable", lambda *_: times)
    verdict = hs.check(TINY)
    assert [one.alone for one in made] == [alone]
    assert verdict.ok
    assert {"golden", "replay", "float64"} <= verdict.seconds.keys()
    assert min(verdict.seconds.values()) >= 0
