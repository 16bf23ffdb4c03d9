"""Discrete-event, system-level simulator of binary and binary-weight CNN accelerators, executed bit for bit.

    import hyperdrive_sim as hs

    report = hs.run("hyperdrive/tiny_2x2", {"chip.voltage_v": 0.65})
    print(report.time.latency_s, report.efficiency.system_ops_per_j)

A network of one's own needs no scenario file:

    window = hs.Window.square(3, padding=1)
    network = hs.Network("mine", hs.Shape(3, 32, 32), [
        hs.Sign(name="sign", inputs=("input",)),
        hs.Conv(name="conv", inputs=("sign",), out_channels=16, window=window, maps="binary", scale=False, bias=False, relu=False),
    ])
    report = hs.run(network=network, architecture="xnorbin", chip={"voltage_v": 1.2}, frames=2)

`run`, `check`, `evaluate`, `sweep`, `compare` and `report` take paths, scenarios or such keywords; `read_run` reads the directory of a
run, `sensitivity` says what would help one, and `validate` sets published figures beside ours. What is wrong is an `InvalidInput` that
names every mistake.

All names here are loaded when they are first used, so that importing this package costs nothing. The package itself uses none of them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's would take longer to load than all else here, and a Ctrl-C meanwhile is not ours yet

if TYPE_CHECKING:
    from hyperdrive_sim.errors import DoesNotFit, HyperdriveSimError, InvalidInput
    from hyperdrive_sim.importing.imported import Imported
    from hyperdrive_sim.importing.models import read as import_model
    from hyperdrive_sim.network.box import Shape
    from hyperdrive_sim.network.graph import Network
    from hyperdrive_sim.network.layers import (
        Activation,
        Add,
        BatchNorm,
        ChannelPad,
        ChannelShuffle,
        Concat,
        Conv,
        Dense,
        Flatten,
        GlobalMean,
        Layer,
        MaxPool,
        MeanPool,
        Quantise,
        Sign,
        Slice,
        Thermometer,
        Upsample,
    )
    from hyperdrive_sim.network.window import Window
    from hyperdrive_sim.outputs.page.write import report
    from hyperdrive_sim.outputs.rundir.read import read as read_run
    from hyperdrive_sim.outputs.sources import compare
    from hyperdrive_sim.reports.report import Report
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.scenario.shipped import folder as scenario_folder
    from hyperdrive_sim.study.checks import Verdict, check
    from hyperdrive_sim.study.evaluation import Evaluation, evaluate
    from hyperdrive_sim.study.exports import export
    from hyperdrive_sim.study.runs import run, sweep
    from hyperdrive_sim.study.sensitivity import Sensitivity, sensitivity
    from hyperdrive_sim.study.validation import validate

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "Add",
    "BatchNorm",
    "ChannelPad",
    "ChannelShuffle",
    "Concat",
    "Conv",
    "Dense",
    "DoesNotFit",
    "Evaluation",
    "Flatten",
    "GlobalMean",
    "HyperdriveSimError",
    "Imported",
    "InvalidInput",
    "Layer",
    "MaxPool",
    "MeanPool",
    "Network",
    "Quantise",
    "Report",
    "Scenario",
    "Sensitivity",
    "Shape",
    "Sign",
    "Slice",
    "Thermometer",
    "Upsample",
    "Verdict",
    "Window",
    "check",
    "compare",
    "evaluate",
    "export",
    "import_model",
    "read_run",
    "report",
    "run",
    "scenario_folder",
    "sensitivity",
    "sweep",
    "validate",
]

_HOMES = {
    **dict.fromkeys(("DoesNotFit", "HyperdriveSimError", "InvalidInput"), "errors"),
    **dict.fromkeys(
        ("Activation", "Add", "BatchNorm", "ChannelPad", "ChannelShuffle", "Concat", "Conv", "Dense", "Flatten"), "network.layers"
    ),
    **dict.fromkeys(("GlobalMean", "Layer", "MaxPool", "MeanPool", "Quantise", "Sign", "Slice"), "network.layers"),
    **dict.fromkeys(("Thermometer", "Upsample"), "network.layers"),
    **dict.fromkeys(("Verdict", "check"), "study.checks"),
    **dict.fromkeys(("Evaluation", "evaluate"), "study.evaluation"),
    **dict.fromkeys(("run", "sweep"), "study.runs"),
    **dict.fromkeys(("Sensitivity", "sensitivity"), "study.sensitivity"),
    "Imported": "importing.imported",
    "Network": "network.graph",
    "Report": "reports.report",
    "Scenario": "scenario.scenario",
    "Shape": "network.box",
    "Window": "network.window",
    "compare": "outputs.sources",
    "export": "study.exports",
    "import_model": "importing.models",
    "read_run": "outputs.rundir.read",
    "report": "outputs.page.write",
    "scenario_folder": "scenario.shipped",
    "validate": "study.validation",
}
"""Where each name is from, as the imports above say it for whoever checks types."""

_CALLED_THERE = {"import_model": "read", "read_run": "read", "scenario_folder": "folder"}

if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), _CALLED_THERE.get(name, name))
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
