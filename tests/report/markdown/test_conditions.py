from __future__ import annotations

from dataclasses import replace

from bench.plan.controls import NULL
from bench.report.markdown import conditions
from bench.report.views import names
from bench.store.raw_rows import Environment
from tests.support.made_run import made_run
from tests.support.made_up import DIGITS, ENVIRONMENT, made_up


def test_a_citation_is_broken_between_its_parts_and_nowhere_else() -> None:
    machine = {"processor": "One; of two", "python": "3.11.7", "libraries": {}}
    raw = replace(made_up(), environment=ENVIRONMENT | {"command": "bench run -d 'a; b.csv'", "machine": machine})
    _, run, python, processor, command, *_ = conditions.citation(raw).splitlines()
    assert run.startswith("Four Ways, run 20260102-030405-abc123 of 2026-01-02 03:04 UTC")
    assert python.startswith("Python 3.11.7")
    assert (processor, command) == ("One; of two;", "bench run -d 'a; b.csv'")


def test_who_read_a_condition_back_stands_in_the_order_of_the_rows_null_last() -> None:
    raw = made_run(("torch_nn", "numpy_manual", "jax_grad"), [DIGITS], lambda *_: 1e-3)
    one = raw.rounds[0]
    null = replace(one, name=NULL, cell=replace(one.cell, implementation=NULL))
    found = [replace(each, environment=Environment(found={"placement": "cpu"})) for each in (null, *raw.rounds)]
    text = conditions.conditions(replace(raw, rounds=found), raw.timings, names.of([DIGITS]))
    assert "| torch_nn, numpy_manual, jax_grad, null |" in text
