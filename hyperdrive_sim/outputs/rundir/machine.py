"""`machine.json`: what a machine is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hyperdrive_sim.rates import Clock, Rate
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit

NAME = "machine.json"


def encoded(machine: Machine) -> bytes:
    """As JSON, a line for each unit and each memory."""
    parts = (f"{json.dumps(key)}: {_lines(value)}" for key, value in asdict(machine).items())
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _lines(value: Any) -> str:
    """A value as JSON; what mappings a list has stand in lines of their own."""
    if not (value and isinstance(value, tuple) and isinstance(value[0], dict)):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n]"


def decoded(data: bytes) -> Machine:
    plain = json.loads(data)
    return Machine(
        units=tuple(map(_unit, plain["units"])),
        memories=tuple(Memory(**one) for one in plain["memories"]),
        clock=Clock(**plain["clock"]),
        peak_ops_per_cycle=plain["peak_ops_per_cycle"],
        chips=plain["chips"],
        mesh=plain["mesh"] and tuple(plain["mesh"]),
    )


def _unit(plain: Mapping[str, Any]) -> Unit:
    return Unit(**{**plain, "rate": plain["rate"] and Rate(**plain["rate"])})
