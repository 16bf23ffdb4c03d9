"""The networks of the papers, at any input size, and tiny ones for tests; `build(name, input_shape)` makes one.

Those of `resnets`, `shufflenet` and `yolo` have binary weights and real maps, those of `binary` maps of signs as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.zoo import binary, resnets, shufflenet, yolo
from hyperdrive_sim.network.zoo.entry import Entry
from hyperdrive_sim.text.wording import counted, near

ZOO: dict[str, Entry] = {**resnets.NETWORKS, **shufflenet.NETWORKS, **yolo.NETWORKS, **binary.NETWORKS}
LARGEST_OPTION = 512
FOR_TESTS = "tiny_"
"""The beginning of the names of networks that are there for tests."""


def names() -> tuple[str, ...]:
    """Names of all networks."""
    return tuple(ZOO)


def about(name: str) -> str:
    """What a network is, in a few words."""
    return ZOO[name].about


def options(name: str) -> dict[str, int]:
    """Options of a network with their defaults: `{"bases": 8}`."""
    return {option: parameter.default for option, parameter in signature(ZOO[name].layers).parameters.items()}


def channels(name: str) -> int | None:
    """Channels that the input of a network must have; None where it may have any number."""
    return ZOO[name].channels


def usual_shape(name: str) -> tuple[int, int, int]:
    """The input [channels, rows, columns] that a network usually has."""
    return ZOO[name].usual


def check_name(name: str) -> None:
    """Raise InvalidInput for a name that no network has."""
    if name not in ZOO:
        raise InvalidInput.at("network", f"'{name}' is not in the zoo", near(name, ZOO) or "known networks: " + ", ".join(ZOO))


def check_input(name: str, input_shape: Sequence[int]) -> None:
    """Raise InvalidInput for an input of other channels or sizes than the network takes, with what was probably meant as the cure."""
    given, *size = input_shape
    wanted = channels(name)
    if wanted not in (None, given):
        if size[-1] == wanted:  # written as pictures are held: rows, columns, channels
            size = [given, size[0]]
        problem = f"has {counted(given, 'channel')}, where '{name}' takes {wanted}"
        raise InvalidInput.at("input_shape", problem, f"take {[wanted, *size]}, it is [channels, rows, columns]")
    multiple = ZOO[name].multiple
    if any(side % multiple for side in size):
        problem = "has {} x {} pixels, where '{}' takes multiples of {}".format(*size, name, multiple)
        raise InvalidInput.at("input_shape", problem, f"take {[given, *(-(-side // multiple) * multiple for side in size)]}")


def build(name: str, input_shape: tuple[int, int, int], chosen: Mapping[str, int] | None = None) -> Network:
    """Build the network of that name over an input [channels, rows, columns], with some options *chosen*.

    Raises InvalidInput for a name or an option that there is not, and for an input of channels or sizes that the network does not take.
    """
    check_name(name)
    known = options(name)
    for option, value in (chosen or {}).items():
        if option not in known:
            cure = near(option, known) or (f"it has {', '.join(known)}" if known else "it has none")
            raise InvalidInput.at(f"network_options.{option}", f"'{name}' has no option '{option}'", cure)
        if not 1 <= value <= LARGEST_OPTION:
            raise InvalidInput.at(f"network_options.{option}", f"must be 1 to {LARGEST_OPTION}, not {value}")
    check_input(name, input_shape)
    return Network(name, Shape(*input_shape), ZOO[name].layers(**(chosen or {})))
