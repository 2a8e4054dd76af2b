"""Standardisation of features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def standardise(x: NDArray[np.float64]) -> None:
    """Scale every column of x (n, d) in place to mean 0 and population standard deviation 1.

    A constant column becomes zeros. x must be finite; it is not copied.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    # A power of two is an exact scale, and keeps sums and squares within float64.
    _, exponents = np.frexp(np.maximum(np.abs(low), np.abs(high)))
    np.ldexp(x, -exponents, out=x)
    x -= x.mean(axis=0)
    deviations = np.sqrt(np.einsum("ij,ij->j", x, x) / len(x))
    # Rounding gives a constant column a tiny deviation, so compare its values instead.
    constant = (low == high) | (deviations == 0)
    x /= np.where(constant, 1.0, deviations)
    x[:, constant] = 0.0
