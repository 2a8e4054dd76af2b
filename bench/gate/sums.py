"""The usual rounding error of sums over rows; for many rows, the worst case is larger than the sum itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# An honest sum may err by this many times the usual error; BUDGET is applied on top, as for every scale.
FACTOR = 4
_CHUNKS, _LANES = 8, 8
# At most this many terms are added up to see what sums lose, but at least those of one column of residuals.
_NUMBERS = 1 << 25

Array = NDArray[np.floating[Any]]
Float64 = NDArray[np.float64]


def over_rows(x: Float64, r: Float64) -> Float64:
    """Return (x, 1)' r (d + 1, k) of x (n, d) and r (n, k)."""
    return np.concatenate([x.T @ r, r.sum(axis=0, keepdims=True)])


def usual(x: Float64, r: Float64, share: float) -> Float64:
    """Return the usual size (d + 1, k) of the errors of (x, 1)' r, in units of u.

    x (n, d), r (n, k). Each of n additions rounds a partial sum, which gives sqrt(n) times the largest partial sum;
    each term is rounded once. The size is at least this share of the sum of all |terms|.
    """
    terms = over_rows(np.abs(x), np.abs(r))
    partial, largest = np.zeros_like(terms), np.zeros_like(terms)
    for some in np.array_split(np.arange(len(x)), min(_CHUNKS, len(x))):
        part = slice(some[0], some[-1] + 1)
        partial += over_rows(x[part], r[part])
        np.maximum(largest, np.abs(partial), out=largest)
    return np.asarray(np.maximum(math.sqrt(len(x)) * largest + terms, share * terms))


def lost(x: Array, r: Float64) -> float:
    """Return the error of sums in the dtype of x in the worst of three orders, in units of u times the sum of |terms|.

    x (n, d) in the dtype under test, r (n, k). The orders are forwards, backwards, and eight sums side by side, as
    processors add. In row-by-row sums the errors may all have one sign, above all in constant columns, and grow with n.
    In some entry an order may lose nothing by chance while another loses much, so the largest loss counts for all.
    Where hundreds of features make many entries anyway, only the columns of r with the largest |terms| are tried.
    """
    tried = max(1, _NUMBERS // x.size)
    if r.shape[1] > tried:
        r = r[:, np.argsort(-np.abs(r).sum(axis=0), kind="stable")[:tried]]
    low = r.astype(x.dtype)
    exact = low.astype(np.float64)
    wide = x.astype(np.float64, copy=False)
    values, terms = over_rows(wide, exact), over_rows(np.abs(wide), np.abs(exact))
    errors = np.empty_like(values)
    for c in range(low.shape[1]):
        errors[:-1, c] = _worst(x * low[:, c : c + 1], values[:-1, c])
        errors[-1, c] = _worst(low[:, c : c + 1], values[-1:, c])[0]
    share = np.divide(errors, terms, out=np.zeros_like(terms), where=terms > 0)
    return float(share.max() / (np.finfo(x.dtype).eps / 2))


def _worst(terms: Array, value: Float64) -> Float64:
    whole = len(terms) - len(terms) % _LANES
    lanes = _in_turn(terms[:whole].reshape(whole // _LANES, -1)).reshape(_LANES, -1) if whole else terms[:0]
    side_by_side = _in_turn(np.concatenate([lanes, terms[whole:]]))
    orders = (_in_turn(terms), _in_turn(terms[::-1]), side_by_side)
    return np.asarray(np.max([np.abs(order - value) for order in orders], axis=0))


def _in_turn(terms: Array) -> Array:
    """Return the sum over rows, added row by row; a single column needs cumsum because NumPy would add it pairwise."""
    return np.asarray(np.cumsum(terms, axis=0)[-1] if terms.shape[1] == 1 else np.add.reduce(terms, axis=0))
