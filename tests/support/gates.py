"""Run the gate in this process, for the suites of right and wrong implementations."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import impls
from bench.gate import expect, judge, observe, reference
from bench.gate.case import Case
from bench.gate.catalogue import cases
from bench.gate.expect import Expected
from bench.gate.judge import Judged
from bench.gate.observe import Observation
from impls.protocol import Device, Feed, Implementation, Model

DTYPES = ("float32", "float64")
CPU = Device("cpu")

# With an implementation that calls a C++ compiler, the whole gate takes minutes: the suites try it on one small case.
UNCOMPILED = [name for name, row in impls.TABLE.items() if not row.compiler]
COMPILED = [name for name, row in impls.TABLE.items() if row.compiler]


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Do in this process what JAX_ENABLE_X64 does in a worker; other libraries need no setting."""
    jax: Any = sys.modules.get("jax")
    if jax is None:
        yield
    else:
        with jax.enable_x64(dtype == "float64"):
            yield


@cache
def opinions(model: Model, dtype: str, feed: Feed = Feed.DEVICE) -> tuple[tuple[Case, list[tuple[str, Expected]]], ...]:
    """Return every gate case of a model, dtype and feed, with the reference's expectations for it."""
    return tuple((case, expect.expect(case)) for case in cases(model, dtype, feed))


def judged(
    implementation: Implementation, case: Case, opinion: list[tuple[str, Expected]], dtype: str
) -> tuple[Observation, list[Judged]]:
    """Return the observation of an implementation on one case, and every judgement of it."""
    own = copy.deepcopy(case)  # many implementations share the case, and some of them write to its arrays
    with precision(dtype):
        seen = observe.observe(implementation, own, CPU)
    return seen, judge.against_reference(seen, opinion, reference.unit_roundoff(dtype))
