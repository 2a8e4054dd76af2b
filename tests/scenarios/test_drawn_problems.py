"""The gate refuses no honest implementation on random problems, the same ones on every machine.

`tests/scenarios/draw/run.py` draws any number of further ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import impls
from bench.store.jsonl import to_json
from impls.numpy_manual import NumpyManual
from impls.protocol import Model, Params
from tests.scenarios.draw import run
from tests.scenarios.draw.judged import TORCH, Drawn, judged
from tests.scenarios.draw.problems import CHOICES, POOL, Ingredients, Shape, drawn, problem

CHOSEN = st.builds(Ingredients, **{name: st.sampled_from(options) for name, options in CHOICES.items()})
# Compiling implementations get two shapes, one with a single row; the others get most of the pool.
SMALL = tuple(shape for shape in POOL if shape.n <= 40 and shape.d * shape.k <= 40)
SHAPES = {"numpy_manual": SMALL, "torch_autograd": SMALL, "torch_nn": SMALL, "jax_grad": SMALL[:2]}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("name", SHAPES)
def test_honest_implementations_pass(name: str, model: Model, dtype: str) -> None:
    @settings(max_examples=12, derandomize=True, deadline=None, database=None)
    @given(st.sampled_from(SHAPES[name]), CHOSEN, st.integers(0, 2**32))
    def hold(shape: Shape, choice: Ingredients, number: int) -> None:
        case = problem(model, dtype, shape, choice, number)
        (row,) = judged(number, case, [(name, impls.load(name))])
        assert row.failed == ()

    with jax.enable_x64(dtype == "float64"):
        hold()


class _HalfTheBias(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, (w, b) = super().loss_and_gradients()
        return loss, Params(w, np.asarray(b / 2))


@pytest.mark.parametrize("model", Model)
def test_a_wrong_implementation_fails_on_the_same_draw(model: Model) -> None:
    wrong = [("half", _HalfTheBias)]
    rows = [row for number in range(20) for row in judged(number, drawn(model, "float32", number), wrong)]
    assert sum(bool(row.failed) for row in rows) >= 15


def test_what_the_reference_cannot_hold_is_skipped_and_said() -> None:
    case = drawn(Model.MULTIVARIATE_LINEAR, "float32", 3)
    vast = replace(case, start=Params(np.full_like(case.start.w, 1e30), case.start.b))
    (row,) = judged(3, vast, [("numpy_manual", impls.load("numpy_manual"))])
    assert row.skipped and not row.failed


def test_a_number_is_always_the_same_problem() -> None:
    first, again = (drawn(Model.SOFTMAX, "float32", 7) for _ in range(2))
    assert np.array_equal(first.dataset.x, again.dataset.x) and np.array_equal(first.start.w, again.start.w)


def test_the_pool_is_fixed_and_starts_with_one_by_one() -> None:
    assert len(POOL) == 24 and (POOL[0].n, POOL[0].d) == (1, 1)


def test_the_tolerances_compared_with_are_those_of_torch() -> None:
    for dtype, (rtol, atol) in TORCH.items():
        a = torch.ones((), dtype=getattr(torch, dtype))
        torch.testing.assert_close(a + 0.9 * (atol + rtol), a)
        with pytest.raises(AssertionError):
            torch.testing.assert_close(a + 1.2 * (atol + rtol), a)


def test_a_run_goes_on_after_the_last_problem_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "draw.jsonl"
    done = Drawn(4, Model.LOGISTIC, "float32", "numpy_manual")
    out.write_text(to_json(done) + "\n" + '{"number": 5, "mod', encoding="utf-8")
    run._cut_torn_line(out)
    words = f"run --problems 7 --implementation numpy_manual --model logistic --out {out}"
    monkeypatch.setattr("sys.argv", words.split())
    blocks = list(run._missing(run._options(), "float32"))
    assert [(block.first, block.stop) for block in blocks] == [(5, 7)]
