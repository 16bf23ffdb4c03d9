"""A live PyTorch module as a model: exported to ONNX in memory, and read like any other."""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import logging
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing import onnx_file
from hyperdrive_sim.importing.plain import Model


def is_module(model: object) -> bool:
    """True for a PyTorch module; without loading torch, which whoever has one has loaded."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def read(module: Any, example_input: Any) -> Model:
    """Export a module for inputs like *example_input* [images, channels, rows, columns], by the newer of torch's exporters if it is there.

    Raises InvalidInput for a module in training mode and for one that torch cannot export.
    """
    if module.training:
        raise InvalidInput.at("network", f"{type(module).__name__} is in training mode", "call model.eval() before")
    if example_input is None:
        raise InvalidInput.at("example_input", "is missing", "give a tensor of the shape of an input: torch.zeros(1, 3, 32, 32)")
    onnx_file.package()  # torch needs it as well, and says so at length
    torch = importlib.import_module("torch")
    examples = example_input if isinstance(example_input, tuple) else (example_input,)
    try:
        data = _exported(torch, module, examples)
    except Exception as error:  # whatever the module does while it is traced
        said = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise InvalidInput.at("network", f"torch cannot export {type(module).__name__}: {said[0]}") from None
    return onnx_file.parsed(data, Path(type(module).__name__))


def _exported(torch: Any, module: Any, examples: tuple[Any, ...]) -> bytes:
    newer = find_spec("onnxscript") is not None
    written = io.BytesIO()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # what the exporter says of packages that it would like to have
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            # as the module is: constants that are computed beforehand have lost the names of the parameters that they are made of
            if newer:
                # channels last in memory is no matter of what is computed, but the exporter writes gathers of single values for it
                plain = copy.deepcopy(module).to(memory_format=torch.contiguous_format)
                made = torch.onnx.export(plain, examples, dynamo=True, optimize=False, verbose=False)
                return bytes(made.model_proto.SerializeToString())
            as_it_is = {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
            torch.onnx.export(module, examples, written, dynamo=False, **as_it_is)
            return written.getvalue()
    finally:
        logging.disable(before)
