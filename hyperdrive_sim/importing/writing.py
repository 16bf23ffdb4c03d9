"""Which layers a model's maps become: each map's own layer, with what follows it taken in as far as it has the hardware's form.

A factor, an offset and a ReLU go into the convolution whose only reader they are; an offset goes on into the addition behind it, as
chips add a bypass before it. A sign becomes a threshold. What is left is a layer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing.expression import Expression, X, ordered, substituted
from hyperdrive_sim.importing.maps import Map, Value
from hyperdrive_sim.importing.plain import shortened
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.importing.steps import Activate, Affine, Step, is_staircase
from hyperdrive_sim.importing.thresholds import Threshold
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Activation, Add, BatchNorm, Conv, Layer, MaxPool, Quantise, Sign
from hyperdrive_sim.network.layers.activation import FUNCTIONS
from hyperdrive_sim.network.parameters import Parameters

NO_SIGN = "write a sign as torch.where(x >= 0, 1.0, -1.0), which exporters keep"


def written(reader: Reader, outputs: Sequence[Value], name: str) -> tuple[Network, dict[str, Parameters]]:
    """The network that some values are the outputs of, and its constants. Raises InvalidInput for a function that no layer computes."""
    return _Writer(reader, outputs).network(name)


class _Writer:
    def __init__(self, reader: Reader, outputs: Sequence[Value]) -> None:
        self.reader, self.outputs = reader, [_bare(value) for value in outputs]
        self.sources: dict[Map, list[Value]] = {}
        """Values that each map takes, which change while signs are moved before poolings."""
        self.demands: dict[Map, dict[Expression, Value]] = {}
        self.readers: dict[Map, list[Map]] = {}
        self.layers: list[Layer] = []
        self.parameters: dict[str, Parameters] = {}
        self.place: dict[str, int] = {}
        """Number of each layer, in the order in which they are written."""
        self.done: dict[tuple[Map, Expression], str] = {}
        self.made: dict[tuple[Any, ...], str] = {}
        """Layers behind maps, by all that they are made of: what a file says twice is computed once."""
        self.late: dict[Map, Affine] = {}
        """Offsets that an addition takes over from one of its inputs."""

    def network(self, name: str) -> tuple[Network, dict[str, Parameters]]:
        order = self._collected()
        self._signs_before_pools(order)
        order = self._collected()
        for one in order:
            self._write(one)
        InvalidInput.collected(dict.fromkeys(self.reader.mistakes))
        outputs = tuple(dict.fromkeys(self._named(value) for value in self.outputs))
        if len(outputs) < len(self.outputs):
            self.reader.notes.append(f"{len(self.outputs)} outputs are {len(outputs)} maps: some are the same, or views of one")
        if passed := [output for output in outputs if output in {one.name for one in self.reader.inputs}]:
            raise InvalidInput.at("network", f"hands on its input '{passed[0]}' as an output", "leave that output out")
        used = {source for layer in self.layers for source in layer.inputs}
        inputs = {one.name: one.shape for one in self.reader.inputs if one.name in used}
        return Network(name, inputs, self.layers, outputs), self.parameters

    def _collected(self) -> list[Map]:
        """All maps that outputs follow from, each after those that it takes, and which functions of each are wanted."""
        self.demands, self.readers = {}, {}
        order: list[Map] = []
        todo: list[tuple[Map, bool]] = []
        for value in reversed(self.outputs):
            todo.append((value.map, False))
        seen: set[Map] = set()
        while todo:
            one, visited = todo.pop()
            if visited:
                order.append(one)
            elif one not in seen:
                seen.add(one)
                todo.append((one, True))
                todo += [(source.map, False) for source in reversed(self._taken(one))]
        for value in [*self.outputs, *(source for one in order for source in self._taken(one))]:
            self.demands.setdefault(value.map, {})[value.expression] = value
        for one in order:
            for source in dict.fromkeys(value.map for value in self._taken(one)):
                self.readers.setdefault(source, []).append(one)
        return order

    def _taken(self, one: Map) -> list[Value]:
        return self.sources.setdefault(one, list(one.sources))

    def _signs_before_pools(self, order: Sequence[Map]) -> None:
        """Move a sign that never falls before a max pooling of scaled or offset sums: the largest sign is the sign of the largest.

        So the pooling is one of signs, and the sums are compared where they are made.
        """
        moved: dict[tuple[Map, Expression], Expression] = {}
        for one in reversed(order):
            wanted = list(self.demands[one].values())
            (before,) = self._taken(one) if isinstance(one.layer, MaxPool) else (None,)
            if before is None or len(wanted) != 1 or before.expression is X or wanted[0].expression is X:
                continue
            found = self.reader.threshold(wanted[0])
            if found is None or not found.rising or found.magnitude != 1:
                continue
            both = substituted(wanted[0].expression, before.expression)
            if self.reader.threshold(before._replace(expression=both)) is None:
                continue
            self.sources[one] = [before._replace(expression=both, name=wanted[0].name)]
            moved[one, wanted[0].expression] = X
        for one in order:
            self.sources[one] = [self._moved(value, moved) for value in self._taken(one)]
        self.outputs = [self._moved(value, moved) for value in self.outputs]

    def _moved(self, value: Value, moved: dict[tuple[Map, Expression], Expression]) -> Value:
        return value._replace(expression=moved.get((value.map, value.expression), value.expression))

    # layers

    def _write(self, one: Map) -> None:
        """Write a map's layer and all functions of it that are wanted."""
        demands = self.demands[one]
        forms = {wanted: self._form(value) for wanted, value in demands.items()}
        name = one.name
        if one.layer is not None:
            layer, parameters, forms = self._taken_in(one, forms)
            self._emit(replace(layer, inputs=tuple(map(self._named, self._inputs(one)))), parameters)
            name = layer.name
        for wanted, form in forms.items():
            self.done[one, wanted] = self._followed(name, form, demands[wanted], one)

    def _inputs(self, one: Map) -> list[Value]:
        """The values that a map's layer takes; of an addition the last one written comes first, as its sums are there when it adds."""
        taken = self._taken(one)
        if isinstance(one.layer, Add) and one.layer.gain == 1 and len(taken) == 2:
            return sorted(taken, key=lambda value: -self.place.get(self._named(value), -1))
        return taken

    def _named(self, value: Value) -> str:
        return self.done[value.map, value.expression]

    def _emit(self, layer: Layer, parameters: Parameters) -> str:
        self.place[layer.name] = len(self.layers)
        self.layers.append(layer)
        if any(part is not None for part in (parameters.weights, parameters.scale, parameters.bias)):
            self.parameters[layer.name] = parameters
        return layer.name

    def _form(self, value: Value) -> Threshold | list[Step]:
        """A value as a threshold or as steps. Raises InvalidInput for what is neither."""
        if value.expression is X:
            return []
        found = self.reader.threshold(value)
        if found is not None:
            return found
        form = self.reader.steps(value)
        if isinstance(form, Expression):
            self._refuse(form, value)
        return form

    def _refuse(self, part: Expression, value: Value) -> NoReturn:
        """Raise InvalidInput for a part of a function that no layer computes."""
        stairs = is_staircase(part)
        about = "no sign and no layer" if stairs else "no activation"
        problem = f"'{shortened(part.name)}' ({part.op}) makes a function of every value of '{value.map.name}' that is {about} here"
        raise InvalidInput.at("network", problem, NO_SIGN if stairs else f"take one of these: {', '.join(FUNCTIONS)}")

    def _taken_in(self, one: Map, forms: dict[Expression, Any]) -> tuple[Any, Parameters, dict[Expression, Any]]:
        """A map's layer with what it takes in, its constants, and what is left of the functions that are wanted."""
        layer, parameters = one.layer, one.parameters
        if len(forms) != 1 or not isinstance(layer, Conv | Add):
            return layer, parameters, forms
        ((wanted, form),) = forms.items()
        if not isinstance(form, list):
            return layer, parameters, forms
        left = list(form)
        if not one.is_integer and isinstance(layer, Conv) and left and isinstance(left[0], Affine):
            layer, parameters = self._scaled(one, layer, parameters, left.pop(0), last=not left)
        if isinstance(layer, Add) and (late := self._late(one)) is not None:
            layer, parameters = replace(layer, bias=True), Parameters(bias=late)
        if left and isinstance(left[0], Activate) and left[0].fields == {"function": "relu"}:
            layer = replace(layer, relu=True)
            left.pop(0)
        return layer, parameters, {wanted: left}

    def _scaled(self, one: Map, layer: Conv, parameters: Parameters, step: Affine, *, last: bool) -> tuple[Conv, Parameters]:
        channels = one.shape.channels
        scale = None if (step.factor == 1).all() else np.broadcast_to(step.factor, channels).astype(np.float64)
        bias = np.broadcast_to(step.offset, channels).astype(np.float64) if step.offset.any() else None
        if bias is not None and last and self._hands_on(one):
            self.late[one], bias = step, None
        made = replace(layer, scale=scale is not None, bias=bias is not None)
        return made, replace(parameters, scale=scale, bias=bias)

    def _hands_on(self, one: Map) -> bool:
        """True if a convolution's only reader is an addition of which it is the last input to be made, of real numbers."""
        readers = self.readers.get(one, [])
        if len(readers) != 1 or any(value.map is one for value in self.outputs):
            return False
        (reader,) = readers
        if not isinstance(reader.layer, Add) or reader.is_integer:
            return False
        others = [value for value in self._taken(reader) if value.map is not one]
        return len(others) == 1 and (others[0].map, others[0].expression) in self.done

    def _late(self, one: Map) -> Any:
        """The offset that an addition takes over, by channel; None if there is none."""
        found = [self.late[value.map] for value in self._taken(one) if value.map in self.late]
        return np.broadcast_to(found[0].offset, one.shape.channels).astype(np.float64) if found else None

    def _followed(self, name: str, form: Threshold | list[Step], value: Value, one: Map) -> str:
        """Write what follows a layer; returns the name of the last one."""
        if isinstance(form, Threshold):
            return self._thresholded(name, form, value)
        for step in form:
            layer, parameters = self._layer(step, value, one)
            name = self._once(name, layer, parameters)
        return name

    def _thresholded(self, name: str, form: Threshold, value: Value) -> str:
        plain = (form.factor == 1).all() and not form.offset.any()
        parameters = Parameters() if plain else Parameters(scale=form.factor, bias=form.offset)
        called = self.reader.module([one.name for one in ordered(value.expression)]) or value.name
        name = self._once(name, Sign(name=called, inputs=("",)), parameters)
        if form.magnitude == 1:
            return name
        return self._once(name, BatchNorm(name=f"{called}.magnitude", inputs=("",)), Parameters(scale=form.half, bias=form.middle))

    def _layer(self, step: Step, value: Value, one: Map) -> tuple[Any, Parameters]:
        module = self.reader.module(step.names)
        if isinstance(step, Affine):
            scale, bias = (np.broadcast_to(part, one.shape.channels).astype(np.float64) for part in (step.factor, step.offset))
            return BatchNorm(name=module or f"{value.name}.norm", inputs=("",)), Parameters(scale=scale, bias=bias)
        if "step" in step.fields:
            return Quantise(name=module or value.name, inputs=("",), **step.fields), Parameters()
        slopes = None if step.slopes is None else np.broadcast_to(step.slopes, one.shape.channels).astype(np.float64)
        return Activation(name=module or value.name, inputs=("",), **step.fields), Parameters(scale=slopes)

    def _once(self, source: str, layer: Any, parameters: Parameters) -> str:
        """Write a layer behind *source*, unless there is one just like it."""
        content = tuple(None if part is None else part.tobytes() for part in (parameters.scale, parameters.bias))
        key = (source, repr(replace(layer, name="layer")), *content)
        if key not in self.made:
            name = self.reader.unused(layer.name)
            self.made[key] = self._emit(replace(layer, name=name, inputs=(source,)), parameters)
        return self.made[key]


def _bare(value: Value) -> Value:
    if value.padding:
        raise InvalidInput.at("network", f"'{shortened(value.name)}' pads an output", "leave the padding out")
    return value
