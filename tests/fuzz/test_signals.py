"""A few signals while outputs are written; `python tests/fuzz/signals.py` sends as many as there is time for."""

from __future__ import annotations

from random import Random

import pytest
import signals


@pytest.mark.slow
def test_a_signal_leaves_what_was_there_or_what_comes() -> None:
    shots = signals.volley(seed=1, count=16)
    assert [one for one in shots if one.faults] == []
    assert {one.signal for one in shots} == set(signals.CODES)
    assert any(one.code == signals.CODES[one.signal] for one in shots), "not all were over before"


def test_signals_come_most_often_where_files_are_written() -> None:
    rng = Random(1)
    moments = [signals.delay(rng, 1.0) for _ in range(1_000)]
    assert sum(moment > 0.65 for moment in moments) > 600
    assert sum(moment < 0.3 for moment in moments) > 50


def test_half_a_file_is_found_out() -> None:
    assert signals._complete("p.json", b'{"a": 1}')
    assert not signals._complete("p.json", b'{"a": ')
    assert not signals._complete("page.html", b"<html>")
    assert not signals._complete("output.npy", b"")
