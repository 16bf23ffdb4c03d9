"""What errors say, and that a terminal shows it and does not obey it."""

from __future__ import annotations

import pytest

from hyperdrive_sim.errors import InvalidInput, Mistake, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, and ü, 漢 and 👍", "plain, and ü, 漢 and 👍"),
        ("\x1b]0;X\x07\x1b[2J", r"\x1b]0;X\x07\x1b[2J"),
        ("a\rb\x08\x7f\x9b2J", r"a\rb\x08\x7f\x9b2J"),
        ("two\n\tlines", "two\n\tlines"),
        ("abc\u202edef\u2066\ufeff", r"abc\u202edef\u2066\ufeff"),
        ("caf\udce9.yaml and \ud83d", r"caf\xe9.yaml and \ud83d"),
        ("\u00a0\u3000", "\u00a0\u3000"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("a\u2028b\U000e0041", r"a\u2028b\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert str(Mistake("key", text)) == f"key: {shown}".replace("\n", r"\n"), "in one line"


def test_the_first_mistakes_are_spelled_out() -> None:
    def said(number: int) -> list[str]:
        return str(InvalidInput(*(Mistake(f"k{n}", "is odd") for n in range(number)))).splitlines()

    assert said(20) == [f"k{n}: is odd" for n in range(20)]
    assert said(21) == [*said(20), "and 1 more mistake"]
    assert said(3020) == [*said(20), "and 3,000 more mistakes"]
