"""The gate in this process: what the suites of right and wrong implementations are put through."""

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

# What calls a C++ compiler takes minutes for the whole gate: the suites try all others, and one small case of those.
UNCOMPILED = [name for name, row in impls.TABLE.items() if not row.compiler]
COMPILED = [name for name, row in impls.TABLE.items() if row.compiler]


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Do in this process what a worker's JAX_ENABLE_X64 does; other libraries need nothing."""
    jax: Any = sys.modules.get("jax")
    if jax is None:
        yield
    else:
        with jax.enable_x64(dtype == "float64"):
            yield


@cache
def opinions(model: Model, dtype: str, feed: Feed = Feed.DEVICE) -> tuple[tuple[Case, list[tuple[str, Expected]]], ...]:
    """Return every gate case of a model, dtype and feed with the reference's opinion on it."""
    return tuple((case, expect.expect(case)) for case in cases(model, dtype, feed))


def judged(
    implementation: Implementation, case: Case, opinion: list[tuple[str, Expected]], dtype: str
) -> tuple[Observation, list[Judged]]:
    """Return what was seen of an implementation on one case, and every judgement of it."""
    own = copy.deepcopy(case)  # the opinions are shared by many implementations, and some write to what they get
    with precision(dtype):
        seen = observe.observe(implementation, own, CPU)
    return seen, judge.against_reference(seen, opinion, reference.unit_roundoff(dtype))
