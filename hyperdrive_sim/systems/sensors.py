"""Sensors: where a network's inputs come from, and those on a chip, whose pixels never cross its edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import Rate
from hyperdrive_sim.schedule.columns import interned
from hyperdrive_sim.schedule.machine import Unit
from hyperdrive_sim.schedule.prices import INPUT, SENSOR, carries
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.systems.spec import HOST_NODE, SensorSpec, SystemSpec
from hyperdrive_sim.text.wording import listed, near


class Sensors:
    """Sensors of a system. Raises InvalidInput for one on a part that is not there, and for two that see the same input, or none."""

    def __init__(self, spec: SystemSpec, network: Network) -> None:
        self.spec, self.network = spec, network
        self._sees: dict[str, str] = {}
        for name, sensor in spec.sensors.items():
            key = f"system.sensors.{name}"
            if sensor.on is not None and sensor.on not in spec.parts:
                cure = near(sensor.on, spec.parts) or f"there are {listed(spec.parts)}"
                raise InvalidInput.at(f"{key}.on", f"there is no part '{sensor.on}' in this system", cure)
            seen = [one for one in network.inputs if any(fnmatchcase(one, pattern) for pattern in sensor.inputs)]
            if not seen:
                raise InvalidInput.at(f"{key}.inputs", "sees no input of the network", f"its inputs are {listed(network.inputs)}")
            if twice := next((one for one in seen if self._sees.setdefault(one, name) != name), None):
                raise InvalidInput.at(f"{key}.inputs", f"'{twice}' is seen by {self._sees[twice]} already", "let one sensor see it")

    def node(self, tensor: str) -> str:
        """Node that an input of the network comes from; the host for every other map."""
        name = self._sees.get(tensor)
        return name if name is not None and self.spec.sensors[name].on is None else HOST_NODE

    def on(self, part: str) -> SensorSpec | None:
        """The sensor on the chips of a part."""
        return next((sensor for sensor in self.spec.sensors.values() if sensor.on == part), None)

    def sees(self, part: str, tensor: str) -> bool:
        """True if a map that a part takes in is made where its sensor is: an input that this sees, or signs of it.

        Raises InvalidInput for a map that layers with weights make of what the sensor sees, for then its pixels must leave the chip.
        """
        ours = {one for one, name in self._sees.items() if self.spec.sensors[name].on == part}
        above = {tensor, *self.network.before({tensor})}
        if not above & ours:
            return False
        weigh = (layer for layer in self.network if layer.name in above and layer.weight_count(self.network.input_shapes(layer)))
        if heavy := next(weigh, None):
            problem = f"'{heavy.name}' ({heavy.kind}) is computed elsewhere of what the sensor sees, before '{tensor}' comes in"
            raise InvalidInput.at("system.sensors", problem, "take a network whose first layer runs on the part, or signs of the input")
        return above.isdisjoint(set(self.network.inputs) - ours)


def seen(schedule: Schedule, rows: Sequence[int], unit: Unit, sensor: SensorSpec) -> Schedule:
    """A schedule in which some tasks bring their blocks not over a link but from a sensor on the chip."""
    rate = Rate(max(1, round(sensor.gbit_per_s * 1e9))) if sensor.gbit_per_s else None
    units, actions = [*schedule.unit.codes.tolist()], [*schedule.actions.codes.tolist()]
    values, ps = [*schedule.actions.values], schedule.ps.copy()
    for row in rows:
        paid = schedule.actions[row]
        units[row], actions[row] = len(schedule.unit.values), len(values)
        values.append({_on_chip(action): count for action, count in paid.items()})
        if rate:
            ps[row] = rate.ps(sum(count for action, count in paid.items() if carries(action) == "input"))
    return replace(
        schedule,
        unit=interned(np.array(units, np.int32), (*schedule.unit.values, unit.name)),
        actions=interned(np.array(actions, np.int32), values),
        ps=ps,
    )


def _on_chip(action: str) -> str:
    """The action in place of one that brings input across a chip's edge."""
    return action.removesuffix(INPUT) + SENSOR if carries(action) == "input" else action
