from __future__ import annotations

from bench.report.views import costs
from bench.store.tables import Timing
from tests.support.made_up import DIGITS, find, made_up

ROWS = made_up().timings


def said(row: Timing) -> dict[str, str]:
    return {heading: costs.text(row, column) for heading, column in costs.columns([row]).items()}


def test_each_cost_has_its_unit_and_what_is_unknown_says_nothing() -> None:
    assert said(find(ROWS, "numpy_manual", DIGITS))["peak memory"] == "200 MiB"
    assert said(find(ROWS, "numpy_manual", DIGITS))["import"] == "1.50 s"
    assert {*said(find(ROWS, "jax_grad", DIGITS, "tpu:0")).values()} == {""}


def test_what_events_tell_is_shown_and_explained_where_a_device_has_some() -> None:
    on_cpu, on_cuda = (find(ROWS, "torch_nn", DIGITS, device) for device in ("cpu", "cuda:0"))
    for rows, there in (([on_cpu], False), ([on_cpu, on_cuda], True)):
        assert ("epoch by events" in costs.columns(rows)) is there
        assert ("between two events of the device" in costs.explanation(rows)) is there
