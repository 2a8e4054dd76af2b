"""The random parameters that training starts from, the same for every implementation, and their form as text."""

from __future__ import annotations

import base64

import numpy as np

from bench.store.cell import Problem
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


def of_problem(problem: Problem, seed: tuple[int, ...]) -> Params:
    """Return the parameters drawn for a problem from this seed."""
    return draw(problem.model, problem.d, problem.k, problem.dtype, seed)


def packed(params: Params) -> tuple[str, str]:
    """Return w and b as base64 of their little-endian bytes; `unpacked` reverses this."""
    w, b = (np.asarray(p, np.asarray(p).dtype.newbyteorder("<")).tobytes() for p in params)
    return base64.b64encode(w).decode("ascii"), base64.b64encode(b).decode("ascii")


def unpacked(problem: Problem, w: str, b: str) -> Params:
    """Return the parameters of this problem from the texts that `packed` returned, in the machine's own byte order."""
    little = np.dtype(problem.dtype).newbyteorder("<")
    shapes = parameter_shapes(problem.model, problem.d, problem.k)
    return Params(
        *(
            np.frombuffer(base64.b64decode(text), little).astype(problem.dtype).reshape(shape)
            for text, shape in zip((w, b), shapes, strict=True)
        )
    )
