"""Every implementation of the table, every model, dtype and batching, against the reference.

A new row of `impls.TABLE` is tested here at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impls
from bench.gate import expect, judge, observe, reference
from bench.gate.case import Case
from bench.plan import starts
from datasets import folder, prepared, synthetic
from impls import runtimes
from impls.numpy_manual import NumpyManual
from impls.protocol import (
    Batching,
    Dataset,
    Device,
    Feed,
    Implementation,
    Model,
    Params,
    Recipe,
    Trainer,
    parameter_shapes,
    zeros,
)
from tests.support.gates import COMPILED, CPU, DTYPES, UNCOMPILED, judged, opinions, precision

BATCHINGS = {
    "full": Batching(),
    "ordered": Batching(5),
    "shuffled": Batching(5, shuffle=True, seed=1),
    "dropped": Batching(5, shuffle=True, drop_last=True, seed=2),
    "larger_than_n": Batching(64),
    "one_row": Batching(1, shuffle=True),
}

NOT_RESIDENT = [name for name in UNCOMPILED if not impls.TABLE[name].resident]


@pytest.fixture(params=UNCOMPILED)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each implementation that compiles quickly; skipped, with the reason, if its library is missing."""
    try:
        return impls.load(request.param)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=list(Model))
def model(request: pytest.FixtureRequest) -> Model:
    """Each of the four models."""
    found: Model = request.param
    return found


@pytest.fixture(params=DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    """Each of the two dtypes."""
    found: str = request.param
    return found


def test_every_gate_case_is_within_its_budget(implementation: Implementation, model: Model, dtype: str) -> None:
    for case, opinion in opinions(model, dtype):
        _, judgements = judged(implementation, case, opinion, dtype)
        assert [one for one in judgements if not one.agrees] == [], case.name


@pytest.mark.parametrize("implementation", NOT_RESIDENT, indirect=True)
def test_what_is_fed_passes_the_gate_s_own_cases(implementation: Implementation) -> None:
    for case, opinion in opinions(Model.LOGISTIC, "float32", Feed.HOST):
        _, judgements = judged(implementation, case, opinion, "float32")
        assert [one for one in judgements if not one.agrees] == [], case.name


@pytest.mark.filterwarnings("default")  # compilers warn about their own code
@pytest.mark.parametrize("name", COMPILED)
def test_what_calls_a_compiler_passes_the_smallest_case(name: str) -> None:
    """Check float64, in which a step that writes to parameters without axes loses the update."""
    try:
        implementation = impls.load(name)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))
    for case, opinion in opinions(Model.SIMPLE_LINEAR, "float64"):
        if case.name == "gate:one_row":
            _, judgements = judged(implementation, case, opinion, "float64")
            assert [one for one in judgements if not one.agrees] == []


def test_without_a_compiler_it_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(impls.Unavailable, match=r"needs a C\+\+ compiler"):
        impls.load("torch_compile")


def drawn(model: Model, dtype: str) -> Dataset:
    """Return rows of a shape that the gate also uses, so that it is already compiled."""
    d, k = (1 if model is Model.SIMPLE_LINEAR else 3), (4 if model is Model.SOFTMAX else 1)
    return synthetic.draw(model, 13, d, k, 7, dtype=dtype).dataset


@pytest.mark.parametrize("batching", BATCHINGS)
def test_every_batching_is_within_its_budget(
    implementation: Implementation, model: Model, dtype: str, batching: str
) -> None:
    dataset = drawn(model, dtype)
    case = Case(
        name=f"contract:{batching}",
        reason="every meaning of batching",
        dataset=dataset,
        start=zeros(dataset),
        recipe=Recipe(dataset.learning_rate / 4, BATCHINGS[batching]),
        epochs=3,
        watched=(1, 3),
    )
    with precision(dtype):
        seen = observe.observe(implementation, case, CPU)
    judgements = judge.against_reference(seen, expect.expect(case), reference.unit_roundoff(dtype))
    assert [one for one in judgements if not one.agrees] == []


@pytest.mark.parametrize("implementation", NOT_RESIDENT, indirect=True)
@pytest.mark.parametrize("on_disk", [True, False], ids=["disk", "host"])
def test_what_is_fed_from_the_host_is_within_its_budget(
    implementation: Implementation, model: Model, dtype: str, on_disk: bool, tmp_path: Path
) -> None:
    """Check mapped rows in order and shuffled rows in memory: changes on the host must reach the trainer."""
    dataset = folder.sample(drawn(model, dtype), [10], tmp_path / "rows") if on_disk else drawn(model, dtype)
    case = Case(
        name="contract:fed",
        reason="rows that are brought to the device batch by batch",
        dataset=dataset,
        start=zeros(dataset),
        recipe=Recipe(dataset.learning_rate / 4, Batching(5, shuffle=not on_disk, seed=1), Feed.HOST),
        epochs=3,
        watched=(1, 3),
    )
    with precision(dtype):
        seen = observe.observe(implementation, case, CPU)
    judgements = judge.against_reference(seen, expect.expect(case), reference.unit_roundoff(dtype))
    assert seen["itself/fed"] == 0
    assert [one for one in judgements if not one.agrees] == []


def test_a_trainer_has_every_verb_and_a_known_runtime(implementation: Implementation, model: Model) -> None:
    dataset = synthetic.draw(model, 8, 1, 2 if model is Model.SOFTMAX else 1, 0, dtype="float32").dataset
    trainer = implementation(dataset, zeros(dataset), Recipe(0.1), CPU)
    assert isinstance(trainer, Trainer)
    assert isinstance(runtimes.load(implementation.runtime), runtimes.Runtime)
    assert trainer.placement() == {"cpu"}


def reads_what_it_was_lent(implementation: Implementation, model: Model, folder: Path) -> bool:
    """Return whether a trainer's loss changes with the arrays it was given: a mapped file, as in a worker.

    The numbers in an .npy file are aligned, so even JAX could use the mapped memory directly.
    """
    k = 2 if model is Model.SOFTMAX else 1
    prepared.save(synthetic.draw(model, 8, 1, k, 0, dtype="float32").dataset, folder)
    lent = prepared.open_saved(folder)
    start = starts.draw(model, lent.d, lent.classes, "float32", (0,))
    trainer = implementation(lent, start, Recipe(0.1), CPU)
    before, _ = trainer.loss_and_gradients()
    lent.x[...], lent.y[...] = 0, 1
    after, _ = trainer.loss_and_gradients()
    return after != before


@pytest.mark.parametrize("implementation", list(impls.TABLE), indirect=True)
def test_rows_on_the_device_are_the_trainer_s_own(implementation: Implementation, model: Model, tmp_path: Path) -> None:
    """A trainer that kept the mapped file would read different memory than the others."""
    assert not reads_what_it_was_lent(implementation, model, tmp_path)


def test_a_trainer_that_keeps_what_it_was_lent_is_seen(model: Model, tmp_path: Path) -> None:
    class Keeps(NumpyManual):
        def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
            super().__init__(dataset, start, recipe, device)
            self._x, self._y = dataset.x, dataset.y

    assert reads_what_it_was_lent(Keeps, model, tmp_path)


def test_an_array_of_jax_on_borrowed_memory_is_seen(model: Model, tmp_path: Path) -> None:
    jax: Any = pytest.importorskip("jax")
    from impls.jax_grad import JaxGrad

    class Borrows(JaxGrad):
        def _held(self, array: np.ndarray) -> Any:
            return jax.device_put(array, self._device)

    assert reads_what_it_was_lent(Borrows, model, tmp_path)


def test_params_are_copies(implementation: Implementation) -> None:
    """Writing to the result of params, or to the start, must not change the trainer."""
    dataset = synthetic.draw(Model.SOFTMAX, 8, 2, 3, 0, dtype="float32").dataset
    start = zeros(dataset)
    trainer = implementation(dataset, start, Recipe(0.1), CPU)
    trainer.params().w[...] = 7
    start.w[...] = 7
    assert not np.any(trainer.params().w)


@pytest.mark.parametrize("model", list(Model))
def test_parameter_shapes_fit_the_product(model: Model) -> None:
    dataset = synthetic.draw(model, 6, 1, 3 if model is Model.SOFTMAX else 1, 0).dataset
    w, b = parameter_shapes(model, dataset.d, dataset.classes)
    params = Params(np.ones(w), np.ones(b))
    z = dataset.x * params.w + params.b if model is Model.SIMPLE_LINEAR else dataset.x @ params.w + params.b
    assert z.shape == ((6, 3) if model is Model.SOFTMAX else (6,))


def test_a_device_is_written_as_torch_writes_it() -> None:
    assert [str(Device("cpu")), str(Device("cuda", 1))] == ["cpu", "cuda:1"]
