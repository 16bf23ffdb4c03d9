"""The state of a pass over a model: its constants and maps by name, and what is asked of them on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.importing import axes
from hyperdrive_sim.importing.axes import CHANNEL, COLUMN, ROW, Axis
from hyperdrive_sim.importing.expression import Expression, X, bounds, ordered
from hyperdrive_sim.importing.folding import Budget
from hyperdrive_sim.importing.maps import ANY_NUMBER, Bounds, Map, Value, bounds_of
from hyperdrive_sim.importing.options import Options
from hyperdrive_sim.importing.plain import Constant, Model, Node, module_of, shortened
from hyperdrive_sim.importing.steps import Step, steps
from hyperdrive_sim.importing.thresholds import Integers, Lattice, Threshold, threshold
from hyperdrive_sim.network.layers import ChannelShuffle, Flatten, Layer
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters

MOST_EVALUATED = 3_000_000
"""Operators of expressions that are evaluated for one file."""

ARRAYS = ("", ".scale", ".bias")
"""What follows a layer's name in those of its constants."""

SIGNS = Integers(-1, 1, 2)
"""What a map of signs holds."""


class Reader:
    """A model being read. `values` are the maps by the file's names, `mistakes` what a user must decide, `notes` what they should know."""

    def __init__(self, model: Model, options: Options) -> None:
        self.model, self.options = model, options
        self.constants: dict[str, Constant] = dict(model.constants)
        # a single number, such as the scale of a quantisation, makes no layer a module's
        self.modules = {name: module_of(name) for name, it in model.constants.items() if it.size > 1 and module_of(name)}
        """Modules of a training tool, by the constants that are made of the parameters of one."""
        self._modules = frozenset(self.modules.values())
        self.values: dict[str, Value] = {}
        self.lists: dict[str, Node] = {}
        """Nodes that split a map, by the lists of maps that they make."""
        self.inputs: list[Map] = []
        self.mistakes: list[Mistake] = []
        self.notes: list[str] = []
        self.budget = Budget()
        self._names: set[str] = set()
        self._thresholds: dict[Expression, Threshold | None] = {}
        self._steps: dict[Expression, list[Step] | Expression] = {}
        self._signs: dict[Expression, Expression] = {}
        """Expressions of signs by those that they are multiples of."""
        self._evaluated = 0

    def value(self, node: Node, number: int) -> Value:
        """The map that an input is. Raises InvalidInput where it is none."""
        name = node.inputs[number] if number < len(node.inputs) else ""
        if name not in self.values:
            node.refuse(f"takes no map as its input {number + 1}", "it must follow from the network's input")
        return self.values[name]

    def constant(self, node: Node, number: int) -> Constant | None:
        """The constant that an input is; None where it is left out. Raises InvalidInput where it is computed from the input."""
        name = node.inputs[number] if number < len(node.inputs) else ""
        if name in self.values:
            node.refuse(f"has an input {number + 1} that is computed from the network's input", "it must be a constant")
        return self.constants[name] if name else None

    def constants_of(self, node: Node) -> list[Constant | None]:
        """All inputs but the first."""
        return [None, *(self.constant(node, number) for number in range(1, len(node.inputs)))]

    def named(self, node: Node) -> Node:
        """A node by the name of the module whose parameters it takes beside a map, if there is one."""
        if not any(name in self.values for name in node.inputs):
            return node
        return node._replace(name=next((self.modules[name] for name in node.inputs if name in self.modules), node.name))

    def folded(self, node: Node) -> None:
        """Keep whose parameters the constants are made of that a node makes, if they are those of a single module."""
        found = {self.modules[name] for name in node.inputs if name in self.modules}
        if len(found) == 1:
            self.modules |= dict.fromkeys(node.outputs, *found)

    def unused(self, wanted: str) -> str:
        """A name for a layer: the file's, in a form that is no path, with a number where it or the name of one of its arrays is taken."""
        name, number = _text(wanted), 1
        while any(f"{name}{part}" in self._names for part in ARRAYS):
            number += 1
            name = f"{_text(wanted)}.{number}"
        self._names.update(f"{name}{part}" for part in ARRAYS)
        return name

    def module(self, names: Sequence[str]) -> str:
        """The last of some nodes' names that is a module's, if no layer is called so; else nothing."""
        return next((name for name in reversed(names) if name in self._modules and _text(name) not in self._names), "")

    def made(
        self, node: Node, layer: Layer, sources: Sequence[Value], lattice: Lattice = ANY_NUMBER, parameters: Parameters = NO_PARAMETERS
    ) -> Map:
        """The map that a layer makes of some values. Raises InvalidInput if nothing would be left of them."""
        shape = layer.output([source.map.shape for source in sources])
        if min(shape) < 1:
            node.refuse(f"would turn {sources[0].map.shape} into {shape}", f"take a larger {self.options.words.input_shape}")
        return Map(layer.name, shape, layer, parameters, tuple(sources), lattice, bounds_of(layer, lattice, map(self.bounds, sources)))

    def bounds(self, value: Value) -> Bounds:
        """What no value is below, and what none is above."""
        if value.expression is not X:
            self._charge(10, value.expression)
        return bounds(value.expression, *value.map.bounds)

    def threshold(self, value: Value) -> Threshold | None:
        """The threshold of a value that acts as a sign. What a 0 becomes must be decided where one can occur: that is a mistake else."""
        if value.expression not in self._thresholds:
            self._thresholds[value.expression] = None if value.expression is X else self._searched(value)
        return self._thresholds[value.expression]

    def _searched(self, value: Value) -> Threshold | None:
        self._charge(100, value.expression)
        shape = value.map.shape
        found = threshold(value.expression, shape.channels, value.map.lattice, self.options.zero or 1)
        if found is None or not found.undecided.any():
            return found
        if not isinstance(self.steps(value), Expression):  # such as a clip, of which few values can occur here
            return None
        if self.options.zero is None:
            values = int(found.undecided.sum()) * shape.rows * shape.columns
            problem = f"'{shortened(value.name)}' makes a third value of 0: {values:,} of its {shape.size:,} values may be 0"
            self.mistakes.append(Mistake("zero", f"is missing: {problem}", "say what a sign's 0 becomes, 1 or -1"))
        return found

    def steps(self, value: Value) -> list[Step] | Expression:
        """A value as steps that layers compute; a part of its function that is none where there is any."""
        if value.expression not in self._steps:
            self._charge(10, value.expression)
            self._steps[value.expression] = steps(value.expression)
        return self._steps[value.expression]

    def _charge(self, times: int, expression: Expression) -> None:
        """Raises InvalidInput if a file wants more functions evaluated than any network has."""
        self._evaluated += times * len(ordered(expression))
        if self._evaluated > MOST_EVALUATED:
            raise InvalidInput.at("network", f"'{self.model.name}' has too many operators that act on every value by itself")

    def signs(self, value: Value) -> tuple[Value, float] | None:
        """A map of -1 and +1, and what it is multiplied by; None for a value that is no such map."""
        if value.map.lattice == SIGNS and value.expression is X:
            return value, 1.0
        found = self.threshold(value)
        magnitude = None if found is None else found.magnitude
        if not magnitude:
            return None
        if magnitude == 1:
            return value, magnitude
        multiple = value.expression
        if multiple not in self._signs:
            self._signs[multiple] = Expression("Div", (multiple, np.asarray(magnitude)), {}, multiple.name)
        return value._replace(expression=self._signs[multiple]), magnitude

    def moved(self, values: Sequence[Value]) -> tuple[list[Value], Expression, Lattice]:
        """Values as an operator takes them that moves values and computes none; what is to be done behind it; which values come of it.

        Signs of one magnitude stay signs, which are multiplied afterwards.
        """
        found = [self.signs(value) for value in values]
        magnitudes = {signs[1] for signs in found if signs}
        if not all(found) or len(magnitudes) > 1:
            return list(values), X, ANY_NUMBER
        (magnitude,) = magnitudes
        behind = X if magnitude == 1 else Expression("Mul", (X, np.asarray(magnitude)), {}, values[0].name)
        return [signs[0] for signs in found if signs], behind, SIGNS

    def in_order(self, node: Node, value: Value) -> Value:
        """The value as [images, channels, rows, columns], by a channel shuffle where its channels are in such an order."""
        if not axes.is_map(value.view) and len(value.view) == 2 and axes.names(value.view[1]) not in ([CHANNEL], []):
            value = self.flattened(node, value)
        groups = axes.shuffle(value.view)
        if groups == 1:
            return value
        (source,), behind, lattice = self.moved([value])
        if lattice is not SIGNS:
            lattice = value.lattice
        shuffle = ChannelShuffle(name=self.unused(f"{node.name}.shuffle"), inputs=("",), groups=groups)
        made = self.made(node, shuffle, [source], lattice)
        plain = [[Axis(CHANNEL, value.map.shape.channels)] if {a.name for a in d} & {CHANNEL} else d for d in value.view]
        return value._replace(map=made, expression=behind, view=tuple(map(tuple, plain)), name=made.name)

    def flattened(self, node: Node, value: Value) -> Value:
        shape = value.map.shape
        wanted = [Axis(CHANNEL, shape.channels), Axis(ROW, shape.rows), Axis(COLUMN, shape.columns)]
        if list(value.view[1]) != [axis for axis in wanted if axis.size > 1]:
            node.refuse("takes a map that is flattened in an order other than channels, rows, columns")
        made = self.made(node, Flatten(name=self.unused(f"{node.name}.flatten"), inputs=("",)), [value])
        return Value(made, X, axes.of_vector(value.view[0][0].size if value.view[0] else 1, shape.size), made.name)

    def finite(self, node: Node, *constants: Constant | None) -> None:
        if any(one is not None and not np.isfinite(one).all() for one in constants):
            node.refuse("has weights that are infinite or no numbers", "look at the training")


def _text(name: str) -> str:
    """A name that is no path, of characters that can be shown, and not too long."""
    return shortened("".join(one if one.isprintable() and one != "'" else "_" for one in name.strip("/").replace("/", "."))) or "layer"
