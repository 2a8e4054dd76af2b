"""The random parameters that training starts from, the same for every implementation."""

from __future__ import annotations

import numpy as np

from impls.protocol import Model, Params, parameter_shapes


def draw(model: Model, d: int, k: int, dtype: str, seed: tuple[int, ...]) -> Params:
    """Draw parameters uniformly from +-1/2 over sqrt(d + 1), so that logits of standardised rows stay near 1.

    Logits of that size keep probabilities away from 0, where denormal numbers would change the time
    of a step but not its result.
    """
    generator = np.random.default_rng(seed)
    shapes = parameter_shapes(model, d, k)
    w, b = (np.asarray(generator.uniform(-0.5, 0.5, shape) / np.sqrt(d + 1), dtype) for shape in shapes)
    return Params(w, b)
