"""Which engine simulates is said on the command line, and makes no difference to what is printed."""

from __future__ import annotations

import json

import pytest
from commands import TINY, invoke

import hyperdrive_sim as hs
from hyperdrive_sim.engine import simulate
from hyperdrive_sim.engine.simulate import ENGINES, preferred, preferring
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.kernels import loops


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that have simulated."""
    found: list[str] = []
    for name in ("simpy", "compiled"):
        own = getattr(simulate, f"_{name}")
        monkeypatch.setattr(simulate, f"_{name}", lambda *rest, name=name, own=own: (found.append(name), own(*rest))[1])
    return found


@pytest.mark.parametrize(("asked", "taken"), [((), "simpy"), (("--engine", "simpy"), "simpy"), (("--engine", "compiled"), "compiled")])
def test_the_engine_that_is_asked_for(engines: list[str], asked: tuple[str, ...], taken: str) -> None:
    result = invoke("run", TINY, "--json", *asked)
    assert result.exit_code == 0
    assert engines == [taken]
    assert preferred() == "auto", "for the command alone"


def test_both_print_the_same() -> None:
    for command in ("run", "check"):
        one, other = (json.loads(invoke(command, TINY, "--json", "--engine", engine).stdout) for engine in ("simpy", "compiled"))
        for found in (one, other):
            found.pop("seconds", None)  # which a check takes
        assert one == other


def test_from_python(engines: list[str]) -> None:
    assert hs.run(TINY, engine="compiled").to_dict() == hs.run(TINY, engine="simpy").to_dict() == hs.run(TINY).to_dict()
    assert engines == ["compiled", "simpy", "simpy"]
    with preferring("compiled"):
        assert hs.check(TINY).ok
    assert set(engines[3:]) == {"compiled"}
    with pytest.raises(InvalidInput, match=r"^engine: there is no 'fast'; use auto, simpy, compiled$"):
        hs.run(TINY, engine="fast")  # type: ignore[arg-type]


def test_the_option_offers_what_there_is() -> None:
    result = invoke("run", TINY, "--engine", "fast")
    assert result.exit_code == 2
    assert all(engine in result.stderr for engine in ENGINES)


def test_without_numba_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "there", lambda: False)
    result = invoke("run", TINY, "--engine", "compiled")
    assert result.exit_code == 2
    assert "pip install 'hyperdrive-sim[fast]'" in result.stderr
