"""Real input: pictures and weights from files, brought into the network's shapes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Dense, Sign
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import PIL.Image


def input_maps(scenario: Scenario, network: Network) -> dict[str, Array]:
    """A network's inputs (rows, columns, channels) by name, in FP16: the scenario's picture, or synthetic ones.

    Raises InvalidInput for a picture that cannot be read or does not fit, or for one where the network has several inputs.
    """
    if scenario.settings.input is None:
        return random_inputs(network, scenario.settings.seed)
    try:
        if len(network.inputs) > 1:
            problem = f"is one picture, '{network.name}' has the inputs {', '.join(network.inputs)}"
            raise InvalidInput.at("input", problem, "leave it out: inputs are then drawn from the seed")
        ((name, shape),) = network.inputs.items()
        return {name: read_image(scenario.folder / scenario.settings.input.image, shape)}
    except InvalidInput as error:
        raise scenario.located(error) from None


def parameters(scenario: Scenario, network: Network) -> dict[str, Parameters]:
    """Constants by layer: from the scenario's file, or drawn from its seed. Raises InvalidInput for a file that does not fit."""
    if scenario.settings.weights is None:
        return random_parameters(network, scenario.settings.seed)
    try:
        return read_weights(scenario.folder / scenario.settings.weights, network)
    except InvalidInput as error:
        raise scenario.located(error) from None


def readable(scenario: Scenario, network: Network) -> None:
    """Check the files that a scenario names. Raises InvalidInput if one cannot be what it is named for."""
    if scenario.settings.input:
        input_maps(scenario, network)
    if scenario.settings.weights:
        parameters(scenario, network)


def read_image(path: Path, shape: Shape) -> Array:
    """Read a PNG or JPEG in 0..1, or an NPY array as it is, [H, W], [H, W, C] or [C, H, W]; resized to *shape* where it differs.

    Returns FP16 (rows, columns, channels). Raises InvalidInput for a file that cannot be read or has other channels.
    """
    pixels = _array(path, shape) if path.suffix.lower() == ".npy" else _picture(path, shape)
    if pixels.shape[:2] != (shape.rows, shape.columns):
        pixels = _resized(pixels, shape)
    return _finite("input.image", f"'{path.name}'", pixels)


def _picture(path: Path, shape: Shape) -> Array:
    import PIL.Image  # loaded here: a run without a picture does not need it

    if shape.channels not in (1, 3):
        raise InvalidInput.at("input.image", f"a picture has 1 or 3 channels, the network takes {shape.channels}", "take an .npy file")
    try:
        with PIL.Image.open(path) as picture:
            return _levels(picture, shape.channels)
    except Exception as error:  # a broken picture makes its decoder raise nearly anything
        raise _unreadable("input.image", path, "a picture", error, "take a PNG, JPEG or NPY file") from None


def _levels(picture: PIL.Image.Image, channels: int) -> Array:
    """Pixels of a picture in 0..1, (rows, columns, channels)."""
    if picture.mode.startswith("I"):  # 16 bit per pixel, which PIL would cut off at 255
        grey = np.asarray(picture, np.float32)[:, :, None] / 65535
        return np.repeat(grey, channels, axis=2)
    opaque = picture.convert("RGBA") if "transparency" in picture.info else picture
    pixels = np.asarray(opaque.convert("L" if channels == 1 else "RGB"), np.float32) / 255
    return pixels.reshape(*pixels.shape[:2], channels)


def _array(path: Path, shape: Shape) -> Array:
    pixels = _loaded("input.image", path)
    if isinstance(pixels, dict):
        raise InvalidInput.at("input.image", f"'{path.name}' holds several arrays", "take an .npy file")
    if pixels.dtype.kind not in "fiub" or not 2 <= pixels.ndim <= 3 or 0 in pixels.shape:
        raise InvalidInput.at(
            "input.image",
            f"'{path.name}' holds {pixels.dtype} of shape {pixels.shape}",
            "it must be numbers [H, W], [H, W, C] or [C, H, W]",
        )
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    elif pixels.shape[2] != shape.channels and pixels.shape[0] == shape.channels:
        pixels = pixels.transpose(1, 2, 0)
    if pixels.shape[2] != shape.channels:
        raise InvalidInput.at("input.image", f"'{path.name}' has shape {pixels.shape}", f"the network takes {shape.channels} channels")
    return pixels.astype(np.float32)


def _resized(pixels: Array, shape: Shape) -> Array:
    import PIL.Image

    size = (shape.columns, shape.rows)
    planes = [PIL.Image.fromarray(np.ascontiguousarray(pixels[:, :, c], np.float32)) for c in range(pixels.shape[2])]
    return np.stack([np.asarray(plane.resize(size, PIL.Image.Resampling.BILINEAR)) for plane in planes], axis=2)


def read_weights(path: Path, network: Network) -> dict[str, Parameters]:
    """Read constants by layer name: `conv1` weights [out, in, kernel rows, kernel columns], `conv1.scale` and `conv1.bias` [out].

    The file is an .npz. Weights of binary layers must be +-1; a factor that is absent is 1, an offset 0. Raises InvalidInput for arrays
    that are missing, of another shape, not finite, or taken by no layer.
    """
    arrays = _loaded("weights", path)
    if not isinstance(arrays, dict):
        raise InvalidInput.at("weights", f"'{path.name}' holds a single array without a name", "take an .npz file")
    known: dict[str, Parameters] = {}
    for layer in network:
        if isinstance(layer, Conv | Dense | Add | Sign):
            known[layer.name] = _of_layer(layer, network, arrays, path.name)
    if arrays:
        raise InvalidInput.at("weights", f"'{path.name}' has an array '{min(arrays)}', which no layer of '{network.name}' takes")
    return known


def _of_layer(layer: Conv | Dense | Add | Sign, network: Network, arrays: dict[str, Array], file: str) -> Parameters:
    channels = network.shape(layer.name).channels
    weights = _weights(layer, network, arrays, file) if isinstance(layer, Conv | Dense) else None
    dtype = np.float64 if isinstance(layer, Sign) else np.float16
    constants: dict[str, Array] = {}
    for part, absent in _constants(layer).items():
        given = arrays.pop(f"{layer.name}.{part}", np.full(channels, absent))
        if given.shape != (channels,):
            raise InvalidInput.at("weights", f"'{layer.name}.{part}' in '{file}' has shape {given.shape}", f"it must be ({channels},)")
        constants[part] = _finite("weights", f"'{layer.name}.{part}' in '{file}'", given, dtype)
    return Parameters(weights, constants.get("scale"), constants.get("bias"))


def _constants(layer: Conv | Dense | Add | Sign) -> dict[str, float]:
    """Names of the constants per channel that a layer has, with the values of those that are absent."""
    has_scale = isinstance(layer, Sign) or (isinstance(layer, Conv) and layer.scale)
    has_bias = isinstance(layer, Sign | Dense) or layer.bias
    return ({"scale": 1.0} if has_scale else {}) | ({"bias": 0.0} if has_bias else {})


def _weights(layer: Conv | Dense, network: Network, arrays: dict[str, Array], file: str) -> Array:
    inputs, outputs = network.shape(layer.inputs[0]), network.shape(layer.name).channels
    wanted = (outputs, inputs.channels // layer.groups, *layer.window.kernel) if isinstance(layer, Conv) else (outputs, inputs.size)
    if layer.name not in arrays:
        raise InvalidInput.at("weights", f"'{file}' has no array '{layer.name}'", f"it needs one of shape {wanted}")
    given = arrays.pop(layer.name)
    if given.shape != wanted:
        raise InvalidInput.at("weights", f"'{layer.name}' in '{file}' has shape {given.shape}", f"it must be {wanted}")
    if layer.weights == "real":
        real = _finite("weights", f"'{layer.name}' in '{file}'", given, np.float32)
        return real.transpose(0, 2, 3, 1) if isinstance(layer, Conv) else real
    if not np.isin(given, (-1, 1)).all():
        raise InvalidInput.at("weights", f"'{layer.name}' in '{file}' holds values other than -1 and +1", "the layer has binary weights")
    return np.ascontiguousarray(given.astype(np.int8).transpose(0, 2, 3, 1))


def _loaded(key: str, path: Path) -> Array | dict[str, Array]:
    """Read the array of an .npy, or the arrays by name of an .npz. Raises InvalidInput."""
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # a broken file makes numpy raise nearly anything
        raise _unreadable(key, path, "a numpy file", error, "take what numpy.save or numpy.savez wrote, without objects") from None


def _finite(key: str, what: str, values: Array, dtype: type[np.floating[Any]] = np.float16) -> Array:
    """Values cast to a floating-point type. Raises InvalidInput if any is not finite in it."""
    if values.dtype.kind in "fiub":
        with np.errstate(over="ignore"):
            cast = values.astype(dtype)
        if np.isfinite(cast).all():
            return cast
    raise InvalidInput.at(key, f"{what} must hold finite numbers of {np.dtype(dtype)}", f"at most {np.finfo(dtype).max:g}")


def _unreadable(key: str, path: Path, what: str, error: Exception, cure: str) -> InvalidInput:
    match error:
        case FileNotFoundError():
            return InvalidInput.at(key, f"there is no file '{path}'", "the path is relative to the scenario file")
        case OSError() if error.strerror:
            return InvalidInput.at(key, f"cannot read '{path}': {error.strerror.lower()}", cure)
    return InvalidInput.at(key, f"'{path.name}' is not {what} that can be read", cure)
