"""Activation functions against the formulas of the papers, in every type of number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hyperdrive_sim.network.golden import apply_in
from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Activation
from hyperdrive_sim.network.layers.activation import CURVES, erf
from hyperdrive_sim.network.parameters import NO_PARAMETERS

X = [-300.0, -20.0, -6.5, -3.0, -1.7, -1.0, -0.3, -1e-3, 0.0, 1e-3, 0.4, 1.0, 2.2, 3.0, 6.5, 20.0, 300.0]

FORMULAS: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "softplus": lambda x: x if x > 40 else math.log1p(math.exp(x)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "hard_swish": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "gelu": lambda x: x / 2 * math.erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "mish": lambda x: x if x > 40 else x * math.tanh(math.log1p(math.exp(x))),
    "elu": lambda x: x if x > 0 else 0.7 * math.expm1(x),
}


def activated(x: Any, function: str, dtype: Any) -> Any:
    layer = Activation(name="a", inputs=(INPUT,), function=function, slope=0.7)  # type: ignore[arg-type]
    return apply_in(dtype, layer, [np.asarray(x).reshape(1, -1, 1)], NO_PARAMETERS)


@pytest.mark.parametrize("function", FORMULAS)
@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-14), (np.float32, 1e-6), (np.float16, 2e-3)])
@pytest.mark.filterwarnings("error")
def test_values(function: str, dtype: Any, near: float) -> None:
    exact = np.array([FORMULAS[function](float(x)) for x in np.array(X, dtype)])
    found = activated(X, function, dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.ravel(), exact, rtol=near, atol=near)


def test_every_function_without_parameters_has_a_formula() -> None:
    assert FORMULAS.keys() - {"elu"} == CURVES.keys()


def test_the_error_function() -> None:
    x = np.concatenate([np.linspace(-7, 7, 100_001), [np.inf, -np.inf, 1e300, 5e-324, -0.0]])
    np.testing.assert_allclose(erf(x), [math.erf(one) for one in x], rtol=0, atol=5e-16)
    assert np.isnan(erf(np.array([np.nan]))).all()
