"""What an architecture is to the rest of the simulator: a name, what a user may set, and a mapping of networks onto machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Mapped

S = TypeVar("S", bound=specs.Spec)


class Architecture(Protocol):
    """A kind of chip. The package of an architecture offers one such object under the name `architecture`."""

    @property
    def name(self) -> str: ...

    @property
    def Spec(self) -> type[specs.Spec]:  # noqa: N802 - a class, named as one
        """What a user may set under `chip:`."""
        ...

    @property
    def grains(self) -> tuple[str, ...]:
        """How finely tasks can be cut, the coarsest first."""
        ...

    @property
    def tolerance(self) -> float:
        """The largest difference to golden that the hardware itself makes; 0: none, bit for bit."""
        ...

    def candidates(self, network: Network, spec: specs.Spec) -> Iterable[specs.Spec]:
        """Specs with nothing left open that *spec* may become for this network (a mesh that is `auto`), the cheapest first.

        At least one; raises DoesNotFit if there is none, InvalidInput for a network that this kind of chip cannot run.
        """
        ...

    def map(self, network: Network, spec: specs.Spec) -> Mapped:
        """The network on the machine of a decided spec. Raises DoesNotFit or InvalidInput."""
        ...


def narrowed(kind: type[S], spec: specs.Spec) -> S:
    """The spec, which must be of an architecture's own *kind*. Raises TypeError for another chip's."""
    if not isinstance(spec, kind):
        raise TypeError(f"a {kind.__name__} is wanted, not a {type(spec).__name__}")
    return spec
