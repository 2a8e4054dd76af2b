"""Options become cells: defaults, fitting pairs, what is left out with its reason, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import impls
from bench.analysis.statistics import order_interval
from bench.errors import BadInput
from bench.plan import cells, data
from bench.plan.options import BLOCKS, Options
from bench.store.cell import Status


def named(cells: object) -> list[tuple[str, str, str]]:
    return [(cell.implementation, cell.problem.dataset, cell.device) for cell in cells]  # type: ignore[attr-defined]


def test_the_default_is_every_implementation_on_one_dataset_of_each_model() -> None:
    made = cells.make(Options())
    assert [cell.implementation for cell in made.cells] == list(impls.FOUR) * len(data.DEFAULT_DATASETS)
    assert list(made.data) == [(name, "float32") for name in data.DEFAULT_DATASETS]
    assert len({data.model for data in made.data.values()}) == 4
    assert {(cell.device, cell.threads, cell.problem.batch_size) for cell in made.cells} == {("cpu", 1, None)}
    assert made.left_out == () and made.added == frozenset() and made.outside == ()


def test_one_odd_block_does_not_widen_the_intervals_of_a_default_table() -> None:
    rivals = len(impls.FOUR) - 1
    blocks = [1.0] * (BLOCKS - 2) + [0.1, 10.0]
    interval = order_interval(blocks, 1 - 0.05 / rivals)
    assert interval is not None
    assert interval[:2] == (1.0, 1.0)


def test_every_combination_is_one_cell_and_repeated_options_collapse() -> None:
    made = cells.make(
        Options(
            implementations=("jax_grad", "numpy_manual", "jax_grad"),
            datasets=("triple", "triple"),
            dtypes=("float64", "float32", "float64"),
            batch_sizes=("2", "full", "2"),
            devices=("cpu", "cpu"),
        )
    )
    assert len(made.cells) == len(set(made.cells)) == 2 * 2 * 2
    assert {cell.problem.batch_size for cell in made.cells} == {2, None}
    assert all(data.x.dtype == dtype for (_, dtype), data in made.data.items())


def test_a_problem_holds_the_options_and_the_learning_rate_of_its_data() -> None:
    options = Options(datasets=("quiz_scores",), batch_sizes=("2",), shuffle=True, drop_last=True, seed=7, threads=1)
    (problem,) = {cell.problem for cell in cells.make(options).cells}
    assert (problem.n, problem.d, problem.k) == (5, 3, 1)
    assert (problem.batch_size, problem.shuffle, problem.drop_last, problem.seed) == (2, True, True, 7)
    assert problem.learning_rate == 1e-5
    made = cells.make(replace(options, learning_rate=0.5))
    assert {cell.problem.learning_rate for cell in made.cells} == {0.5}
    assert {data.learning_rate for data in made.data.values()} == {0.5}


@pytest.mark.parametrize("model", ["simple_linear", "multivariate_linear", "logistic", "softmax"])
def test_a_model_alone_restricts_the_default_datasets(model: str) -> None:
    assert {cell.problem.model for cell in cells.make(Options(models=(model,))).cells} == {model}


def test_a_model_says_how_to_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "two.npz"
    np.savez(file, x=np.arange(12.0).reshape(6, 2), y=np.array([0, 1, 0, 1, 1, 0]))
    for model in ("logistic", "softmax", "multivariate_linear"):
        (data,) = cells.make(Options(models=(model,), datasets=(str(file),))).data.values()
        assert data.model == model


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "same.npz", x=np.arange(6.0), y=np.arange(6.0))
    files = tuple(str(tmp_path / folder / "same.npz") for folder in ("a", "b"))
    with pytest.raises(BadInput, match="rename"):
        cells.make(Options(datasets=files, models=("simple_linear",)))


def test_a_batch_that_a_default_dataset_cannot_fill_is_left_out_and_said() -> None:
    made = cells.make(Options(batch_sizes=("64",), implementations=("numpy_manual",)))
    assert [name for _, name, _ in named(made.cells)] == ["diabetes", "breast_cancer", "digits"]
    (verdict,) = made.left_out
    assert (verdict.cell.problem.dataset, verdict.status) == ("study_hours", Status.NOT_RUN)
    assert verdict.detail == "batch size 64 is above its 3 rows"


def test_an_accelerator_brings_the_baseline_on_the_cpu_and_leaves_out_who_cannot_use_it() -> None:
    made = cells.make(Options(datasets=("triple",), devices=("cuda:1",)))
    assert named(made.cells) == [
        ("torch_autograd", "triple", "cuda:1"),
        ("torch_nn", "triple", "cuda:1"),
        ("jax_grad", "triple", "cuda:1"),
        ("numpy_manual", "triple", "cpu"),
    ]
    assert made.added == {made.cells[-1]}
    assert [(v.cell.implementation, v.detail) for v in made.left_out] == [
        ("numpy_manual", "cannot use cuda: runs on cpu")
    ]


def test_the_baseline_is_not_added_twice() -> None:
    made = cells.make(Options(datasets=("triple",), devices=("cpu", "cuda")))
    assert made.added == frozenset()
    assert named(made.cells).count(("numpy_manual", "triple", "cpu")) == 1


def test_an_implementation_from_outside_is_a_cell_like_any_other() -> None:
    made = cells.make(Options(implementations=("my.py:Mine", "numpy_manual"), datasets=("triple",), devices=("tpu",)))
    assert made.outside == ("my.py:Mine",)
    assert named(made.cells) == [("my.py:Mine", "triple", "tpu:0"), ("numpy_manual", "triple", "cpu")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(devices=("gpu",)), "did you mean cuda"),
        (Options(devices=("cud",)), "did you mean cuda"),
        (Options(devices=("cuda:x",)), "cuda:0"),
        (Options(devices=("cpu:3",)), "--threads"),
        (Options(implementations=("torch_n",)), "did you mean torch_nn"),
        (Options(implementations=("mine.py",)), "mine.py:ClassName"),
        (Options(models=("softmx",)), "did you mean softmax"),
        (Options(dtypes=("float16",)), "did you mean float32 or float64|did you mean float64 or float32"),
        (Options(datasets=("digts",)), "did you mean digits"),
        (Options(datasets=("digits",), models=("logistic",)), "digits.*softmax.*logistic.*breast_cancer"),
        (Options(datasets=("digits",), models=("softmax", "logistic")), "for model logistic: add .*breast_cancer"),
        (Options(datasets=("synthetic:logistic,n=9,d=2",), models=("softmax",)), "logistic, not for softmax"),
        (Options(batch_sizes=("0",)), "from 1"),
        (Options(batch_sizes=("-4",)), "from 1"),
        (Options(batch_sizes=("half",)), "'full'"),
        (Options(datasets=("triple",), batch_sizes=("7",)), "above the 6 rows of triple: give 6 or less"),
        (Options(learning_rate=-0.1), "above 0"),
        (Options(learning_rate=0.0), "above 0"),
        (Options(learning_rate=float("nan")), "finite"),
        (Options(learning_rate=float("inf")), "finite"),
        (Options(threads=0), "from 1"),
        (Options(threads=10**6), "processors"),
        (Options(blocks=0), "from 1"),
        (Options(blocks=10**7), "to 1000"),
        (Options(epochs=0), "from 1"),
        (Options(seed=-1), "from 0"),
        (Options(target="price"), r"--dataset path/to/file\.csv"),
        (Options(raw=True), r"--dataset path/to/file\.csv"),
        (Options(models=("simple_linear",), batch_sizes=("4",)), "nothing to run.*above its 3 rows"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy_in_one_line(options: Options, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        cells.make(options)
    assert "\n" not in str(caught.value)
