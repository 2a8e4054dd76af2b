"""A quantity that cannot be judged is neither right nor wrong, whatever its numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.gate import judge, reference
from bench.gate.reference import Scaled
from bench.store.cell import Status

U = reference.unit_roundoff("float32")
SHAPES = arrays.array_shapes(min_dims=1, max_dims=2, max_side=4)
ANY = st.floats(width=64, allow_nan=True, allow_infinity=True, allow_subnormal=True)


@given(st.data(), SHAPES)
def test_a_budget_that_is_not_finite_ends_in_no_verdict(data: st.DataObject, shape: tuple[int, ...]) -> None:
    value, expected, scale = (data.draw(arrays.arrays(np.float64, shape, elements=ANY)) for _ in range(3))
    with np.errstate(over="ignore"):
        budget = 4 * U * scale
    finite = bool(np.isfinite(budget).all() and np.isfinite(expected).all())
    status = judge.compare("start/loss", value, Scaled(expected, scale), U).status
    assert (status is Status.UNCHECKED) == (not finite)


@pytest.mark.parametrize(("scale", "status"), [(1.0, Status.MISMATCH), (1e5, Status.UNCHECKED)])
def test_a_budget_larger_than_the_errors_that_must_be_found_is_no_check(scale: float, status: Status) -> None:
    """The budget 4 u 10^5 is 2.4 % of 1, but 2^-10 must be found: an error of 1 % is neither accepted nor refused."""
    expected = Scaled(np.ones(2), np.full(2, scale))
    coarsest = reference.coarsest("float32")
    assert judge.compare("epoch 5/parameters w", np.full(2, 1.01), expected, U, coarsest=coarsest).status is status


def test_the_smallest_error_found_is_that_of_the_entry_with_the_smallest_budget() -> None:
    scaled = Scaled(np.array([0.0, 2.0, -4.0]), np.array([1.0, 8.0, 8.0]))
    assert reference.finest(scaled, U) == pytest.approx(4 * U * 8 / 4)
    assert reference.finest(Scaled(np.ones(1), np.array([np.inf])), U) == np.inf


def test_a_label_that_rounding_may_flip_is_left_out() -> None:
    expected = Scaled(np.array([0.0, 1.0]), np.array([np.inf, 0.0]))
    assert judge.compare("end/labels", np.array([1, 1]), expected, U).status is Status.OK
    assert judge.compare("end/labels", np.array([1, 0]), expected, U).status is Status.MISMATCH


def test_a_wrong_quantity_is_shown_before_one_that_is_not_checked() -> None:
    unchecked = judge.compare("start/loss", np.ones(1), Scaled(np.ones(1), np.array([np.nan])), U)
    wrong = judge.compare("end/loss", np.ones(1), Scaled(np.zeros(1), np.ones(1)), U)
    assert dict(judge.worst([unchecked, wrong])) == {"loss": wrong}
    assert dict(judge.worst([unchecked])) == {"loss": unchecked}
