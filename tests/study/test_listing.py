"""What comes along, before anything is simulated."""

from __future__ import annotations

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.listing import Work, about, listing, work


def test_the_size_of_a_network_by_pencil() -> None:
    """A pixel of 4 channels takes 2 x 3 x 3 products each; there are 5 x 6 of them."""
    conv = Conv(name="a", inputs=(INPUT,), out_channels=4, window=Window.square(3, padding=1))
    assert work(Network("mine", Shape(2, 5, 6), [conv])) == Work(layers=1, macs=2 * 9 * 4 * 30, weights=2 * 9 * 4)


def test_what_a_class_is_in_a_sentence() -> None:
    class Chip:
        """A chip
        of two lines. It has more to say."""

    class Silent:
        pass

    assert (about(Chip), about(Silent)) == ("A chip of two lines", "")


def test_everything_is_listed_as_it_is() -> None:
    found = listing()
    assert [one.name for one in found.architectures] == list(registry.names())
    assert all(one.granularities == registry.load(one.name).grains and len(one.about) > 10 for one in found.architectures)
    assert [one.name for one in found.networks] == list(zoo.names())
    for one in found.scenarios:
        scenario = Scenario.read(one.name)
        settings, network = scenario.settings, scenario.network()
        said = settings.title, settings.architecture or "system", settings.frames or 1
        assert (one.title, one.architecture, one.frames) == said, one.name
        assert one.input_shape == tuple(next(iter(network.inputs.values()))), one.name
        assert one.points == len(list(scenario.points())), one.name
        assert (one.trained, one.work) == (scenario.is_model, work(network)), one.name
        mesh = scenario.document.data.get("chip", {}).get("mesh")
        assert one.mesh == (tuple(mesh) if isinstance(mesh, list) else mesh), one.name


def test_json_has_sizes_beside_names() -> None:
    found = listing().to_dict()
    (lenet,) = (one for one in found["networks"] if one["name"] == "lenet")
    assert lenet == {
        "name": "lenet",
        "input_channels": 1,
        "usual_input_shape": (1, 28, 28),
        "options": {},
        "layers": 8,
        "macs": 2_293_000,
        "weights": 430_500,
    }
    assert {"name": "hyperdrive/tiny_2x2", "mesh": (2, 2), "macs": 7_618_880}.items() <= next(
        one for one in found["scenarios"] if one["name"] == "hyperdrive/tiny_2x2"
    ).items()
