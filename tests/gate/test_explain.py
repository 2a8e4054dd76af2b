from __future__ import annotations

import pytest

from bench.gate import judge, observe
from bench.gate.catalogue import cases
from bench.gate.expect import expect
from bench.gate.explain import CHECKS
from datasets.dataset import Model
from impls.numpy_manual import NumpyManual
from impls.protocol import Device


def test_every_quantity_of_the_judge_is_explained() -> None:
    """A new quantity belongs in GROUPS of bench/gate/judge.py and CHECKS of bench/gate/explain.py."""
    assert {*judge.GROUPS.values(), judge.CONDUCT} == {*CHECKS}


@pytest.mark.parametrize("model", Model)
def test_every_array_that_is_observed_or_expected_belongs_to_a_quantity(model: Model) -> None:
    """A new observed name belongs in GROUPS of bench/gate/judge.py."""
    case = next(iter(cases(model, "float64")))
    seen = observe.observe(NumpyManual, case, Device("cpu"))
    expected = [name for _, opinion in expect(case) for name in (opinion.common | (opinion.at(seen, "end") or {}))]
    assert {judge.group(name) for name in expected} <= {*CHECKS}
