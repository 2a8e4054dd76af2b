"""The verdict of the gate on one implementation and random problem, and that of two common tolerances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.gate import judge, reference
from bench.gate.case import Case
from bench.gate.expect import Expected, expect
from bench.gate.observe import Observation, observe
from bench.store.cell import Status
from impls.protocol import Device, Implementation, Model

QUANTITIES = ("loss", "gradients", "parameters", "predictions", "labels")
CPU = Device("cpu")

# (rtol, atol): NumPy's own for every dtype, and torch.testing.assert_close's; both take |a - b| <= atol + rtol |b|.
NUMPY = (1e-5, 1e-8)
TORCH = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


@dataclass(frozen=True)
class Drawn:
    """One implementation on one problem: the largest share of the budget of each quantity.

    skipped       why there is nothing to judge; empty otherwise
    failed        every entry that exceeds its budget
    allclose, assert_close  which of loss, gradients and parameters these would have refused
    """

    number: int
    model: Model
    dtype: str
    implementation: str
    skipped: str = ""
    loss: float = 0.0
    gradients: float = 0.0
    parameters: float = 0.0
    predictions: float = 0.0
    labels: float = 0.0
    failed: tuple[str, ...] = ()
    allclose: tuple[str, ...] = ()
    assert_close: tuple[str, ...] = ()


def judged(number: int, case: Case, implementations: Sequence[tuple[str, Implementation]]) -> Iterator[Drawn]:
    """Yield the result of each implementation on this case, computing the reference once."""
    model, dtype = case.dataset.model, str(case.dataset.x.dtype)
    with np.errstate(all="ignore"):
        try:
            opinion = expect(case)
            reason = next(filter(None, (judge.out_of_range(expected) for _, expected in opinion)), "")
        except OverflowError as error:  # such data are refused when they are read
            opinion, reason = [], str(error)
        for name, implementation in implementations:
            if reason:
                yield Drawn(number, model, dtype, name, skipped=reason)
                continue
            seen = observe(implementation, case, CPU)
            rows = judge.against_reference(seen, opinion, reference.unit_roundoff(dtype))
            yield Drawn(
                number=number,
                model=model,
                dtype=dtype,
                implementation=name,
                **{quantity: _largest(rows, quantity) for quantity in QUANTITIES},  # type: ignore[arg-type]
                failed=tuple(
                    f"{row.place}: {row.value!r}, {row.expected!r}" for row in rows if row.status is Status.MISMATCH
                ),
                allclose=_refused(seen, opinion, NUMPY),
                assert_close=_refused(seen, opinion, TORCH[dtype]),
            )


def _largest(rows: Sequence[judge.Judged], quantity: str) -> float:
    return max((row.share for row in rows if judge.group(row.name) == quantity), default=0.0)


def _refused(
    seen: Observation, opinion: Sequence[tuple[str, Expected]], tolerance: tuple[float, float]
) -> tuple[str, ...]:
    rtol, atol = tolerance
    refused = [
        judge.group(name)
        for _, expected in opinion
        for name, scaled in expected.common.items()
        if not np.allclose(seen[name].astype(np.float64), scaled.value.astype(np.float64), rtol=rtol, atol=atol)
    ]
    return tuple(q for q in ("loss", "gradients", "parameters") if q in refused)
