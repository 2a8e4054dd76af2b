"""The gate gives no false alarms: correct implementations pass, however they are written."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np
import pytest
import torch

from bench.gate import judge, observe, reference
from impls.protocol import Device, Model
from tests.scenarios.honest.table import HONEST, Honest
from tests.support.gates import DTYPES, opinions

PAIRS = [pytest.param(honest, model, id=f"{honest.name}-{model}") for honest in HONEST for model in honest.models]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("honest", "model"), PAIRS)
def test_an_honest_implementation_passes_every_case(honest: Honest, model: Model, dtype: str) -> None:
    with jax.enable_x64(dtype == "float64"), np.errstate(under="ignore"):
        wrong = [
            f"{case.name}: {row.place} is {row.value!r}, expected {row.expected!r}, share {row.share:.3g}"
            for case, opinion in opinions(model, dtype)
            if case.dataset.n <= honest.most_rows
            for row in judge.against_reference(
                observe.observe(honest.implementation, case, Device("cpu")),
                opinion,
                reference.unit_roundoff(dtype),
            )
            if not row.agrees
        ]
    assert wrong == []
