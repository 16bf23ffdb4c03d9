"""`machine.json`: what a machine is made of."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.text.typed import typed

NAME = "machine.json"


def encoded(machine: Machine) -> bytes:
    """A machine as JSON, a line for each unit and each memory."""
    parts = (f"{json.dumps(key)}: {_lines(value)}" for key, value in _adapter().dump_python(machine, mode="json").items())
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _lines(value: Any) -> str:
    """A value as JSON; what mappings a list has stand in lines of their own."""
    if not (value and isinstance(value, list) and isinstance(value[0], dict)):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n]"


def decoded(data: bytes) -> Machine:
    """The machine that JSON holds. Raises ValueError that names what is missing, too many or of a wrong type."""
    return typed(_adapter(), data)


@cache
def _adapter() -> TypeAdapter[Machine]:
    return TypeAdapter(Machine)
