"""The interface of an architecture: a name, the settings that a user has, and a mapping of networks onto machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Mapped

S = TypeVar("S", bound=specs.Spec)


class Architecture(Protocol):
    """A kind of chip; the package of an architecture offers one such object under the name `architecture`."""

    @property
    def name(self) -> str: ...

    @property
    def Spec(self) -> type[specs.Spec]:  # noqa: N802 - a class, named as one
        """The model of the settings under `chip:`, every default with its source."""
        ...

    @property
    def grains(self) -> tuple[str, ...]:
        """Granularities that tasks can be cut into, the coarsest first."""
        ...

    @property
    def tolerance(self) -> float:
        """The largest difference to golden that the hardware itself makes; 0 for none, bit for bit."""
        ...

    def candidates(self, network: Network, spec: specs.Spec) -> Iterable[specs.Spec]:
        """Decided specs that an open *spec* (a mesh that is `auto`) may become for this network, at least one, the most promising first.

        Which of them it becomes, a simulation of the first few decides, by `spec.goal` and `schedule/goals.py`; where that would take long
        it is the first. Raises DoesNotFit if there is none, InvalidInput for a network that this kind of chip cannot run.
        """
        ...

    def map(self, network: Network, spec: specs.Spec) -> Mapped:
        """Map the network onto the machine of a decided spec. Raises DoesNotFit or InvalidInput."""
        ...


def narrowed(kind: type[S], spec: specs.Spec) -> S:
    """Return the spec as an architecture's own *kind*. Raises TypeError for another chip's."""
    if not isinstance(spec, kind):
        raise TypeError(f"a {kind.__name__} is wanted, not a {type(spec).__name__}")
    return spec
