"""One test per pitfall of timing array libraries that can occur on a CPU.

Each checks a property of what is timed, never a time.
"""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datasets
import impls
from bench.analysis.ranking import MOST_DENORMAL
from bench.audit.replay import wrong_after_timing
from bench.gate.verdicts import denormal_share
from bench.plan import starts
from bench.process import spawn
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Checked, Evidence, Rounds
from bench.timing.jobs import Entry, Plan
from bench.timing.messages import Failed
from bench.worker import attempt, evidence, prepare
from bench.worker.evidence import Clocks
from bench.worker.prepare import ready, run_epochs
from datasets.dataset import Batching, Dataset, Model
from datasets.prepared import open_saved, save
from impls import runtimes
from impls.protocol import Device, Params, Recipe, Trainer
from tests.support.parents import Benchmark, Parent, time_cell
from tests.support.planted.liars import FirstEpochOnly, Honest, Machine

NAMES = list(impls.FOUR)
CPU = Device("cpu")


def loaded(name: str) -> Any:
    try:
        return impls.load(name)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=NAMES)
def implementation(request: pytest.FixtureRequest) -> Any:
    return loaded(request.param)


@pytest.fixture
def jax_grad() -> Any:
    loaded("jax_grad")
    from impls import jax_grad

    return jax_grad


def table(model: Model = Model.SOFTMAX, n: int = 48, dtype: str = "float32") -> Dataset:
    """Return random rows; each call creates new arrays."""
    generator = np.random.default_rng(3)
    x = generator.standard_normal(n if model is Model.SIMPLE_LINEAR else (n, 5))
    y: Any = generator.integers(0, 4 if model is Model.SOFTMAX else 2, n)
    y = y if model is Model.SOFTMAX else y.astype(float)
    return Dataset("drawn", model, x, y, 4 if model is Model.SOFTMAX else 1, 0.1, "drawn", "none").astype(dtype)


def start(data: Dataset, number: int = 0) -> Params:
    return starts.draw(data.model, data.d, data.classes, str(data.x.dtype), (0, 1, number))


def trainer(implementation: Any, data: Dataset, batching: Batching = Batching()) -> Trainer:
    made: Trainer = implementation(data, start(data), Recipe(data.learning_rate, batching), CPU)
    return made


def trained(implementation: Any, data: Dataset, epochs: int, batching: Batching = Batching()) -> Params:
    made = trainer(implementation, data, batching)
    ready(made, start(data), epochs)
    run_epochs(made, epochs)
    return made.params()


def as_record(data: Dataset, params: Params, epochs: int, batch_size: int | None = None) -> Rounds:
    dtype = str(data.x.dtype)
    problem = Problem(
        data.name, data.model, data.n, data.d, data.classes, dtype, data.learning_rate, batch_size, False, False, 0
    )
    checked = Checked(0, (0, 1, 0), *starts.packed(params), repeated=True)
    seen = Evidence(checked=(checked,), dtypes=evidence.dtypes(params, "w"))
    return Rounds(Cell("any", problem, "cpu", 1), "any", 1, epochs, 1, 1.0, (1.0,), evidence=seen)


def test_nothing_is_under_way_once_a_round_has_ended(jax_grad: Any) -> None:
    made = trainer(jax_grad.JaxGrad, table(n=20_000))
    ready(made, start(table()), 5)
    run_epochs(made, 5)
    assert all(array.is_ready() for array in vars(made)["_params"])


def test_the_data_are_arguments_and_no_constants(jax_grad: Any) -> None:
    """The rows take 400 kB; a step with the rows as constants would have more than 64 kB of text."""
    import jax.numpy as jnp

    data = table(n=20_000)
    step = jax_grad._step.lower(
        Params(*map(jnp.asarray, start(data))),
        jnp.float32(0.1),
        jnp.asarray(data.x),
        jnp.asarray(data.y),
        jnp.int32(0),
        model=data.model,
        size=data.n,
    )
    assert data.x.nbytes > 65_536 > len(step.as_text())


@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_timed_epochs_end_where_the_reference_does(implementation: Any, model: Model, batch_size: int | None) -> None:
    """Dead code would leave the parameters unchanged, and unequal work would change them differently."""
    data = table(model)
    end = trained(implementation, data, 7, Batching(batch_size))
    assert wrong_after_timing(as_record(data, end, 7, batch_size), data) is None
    assert wrong_after_timing(as_record(data, end, 6, batch_size), data) is not None


def test_every_epoch_moves_the_parameters(implementation: Any) -> None:
    ends = [np.asarray(trained(implementation, table(), epochs).w) for epochs in (1, 2, 4, 8)]
    assert len({end.tobytes() for end in ends}) == len(ends)


def test_epochs_that_take_no_time_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    monkeypatch.setattr(Honest, "machine", machine)
    made: Trainer = FirstEpochOnly(table(), start(table()), Recipe(0.1), CPU)
    grown, _ = evidence.growth(
        lambda epochs: ready(made, start(table()), epochs),
        lambda epochs: run_epochs(made, epochs),
        8,
        Clocks(lambda: machine.wall, lambda: machine.cpu, machine.sleep),
    )
    assert grown.fourfold_wall == grown.round_wall


def test_nothing_is_compiled_after_the_first_epoch(jax_grad: Any) -> None:
    """Not for another start, another number of epochs or the short last batch."""
    data, compiled = table(), runtimes.load("jax").compilations
    made = trainer(jax_grad.JaxGrad, data, Batching(20))
    ready(made, start(data), 1)
    run_epochs(made, 1)
    before, cached = compiled(), jax_grad._step._cache_size()
    for number, epochs in enumerate((1, 2, 8)):
        ready(made, start(data, number), epochs)
        run_epochs(made, epochs)
    assert (compiled(), jax_grad._step._cache_size()) == (before, cached)
    other = jax_grad.JaxGrad(data, start(data), Recipe(0.3, Batching(20)), CPU)  # another rate
    ready(other, start(data), 1)
    run_epochs(other, 1)
    assert jax_grad._step._cache_size() == cached


@pytest.fixture
def timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rounds]:
    def run(plan: Plan, beside: Callable[[], object] = lambda: None) -> Rounds:
        save(table(), tmp_path / "drawn")
        machine = Machine()
        monkeypatch.setattr(Honest, "machine", machine)
        monkeypatch.setattr(prepare, "loaded", lambda _name: prepare.Loaded(Honest, runtimes.load("numpy"), 0.0))
        entry = Entry(as_record(table(), start(table()), 1).cell, str(tmp_path / "drawn"))
        clocks = Clocks(lambda: machine.wall, lambda: machine.cpu, machine.sleep)
        return time_cell(entry, plan, clocks, benchmark=Benchmark(clocks.wall, beside))

    return run


def test_the_first_epoch_and_the_warm_up_are_no_rounds(timed: Callable[..., Rounds]) -> None:
    rounds = timed(Plan(epochs_per_round=2, rounds=4, untimed=1, warmup_rounds=3, warmup_seconds=0.0))
    assert rounds.round_seconds == pytest.approx([2 * Honest.epoch_seconds] * 4)
    assert rounds.warmup_rounds == 3
    assert rounds.first_epoch_seconds == Honest.epoch_seconds


def test_no_compile_cache_outlives_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/cache")
    variables = spawn.environment(dtype="float32", threads=1, device="cpu")
    assert "JAX_COMPILATION_CACHE_DIR" not in variables
    assert variables["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] == "1"


def test_dtypes_stay_what_they_were(implementation: Any) -> None:
    data = table()
    made = trainer(implementation, data, Batching(20))
    ready(made, start(data), 2)
    run_epochs(made, 2)
    _, gradients = made.loss_and_gradients()
    assert {array.dtype for array in (*made.params(), *gradients, made.predict(data.x))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("dataset", ["breast_cancer", "digits"])
def test_no_denormals_where_it_is_timed(dataset: str) -> None:
    """A share of 10 % made NumPy 4.5 times slower, torch 7.5 times, and JAX, which flushes them, not at all."""
    data = datasets.load(dataset).astype("float32")
    made = trainer(loaded("numpy_manual"), data)
    for epochs in (0, 100):
        ready(made, start(data), epochs)
        run_epochs(made, epochs)
        assert denormal_share(made.predict(data.x)) < MOST_DENORMAL


def test_features_of_a_large_scale_make_denormals_which_are_counted() -> None:
    """Differences of the logits from 88 to 103, whose exponentials float32 holds as denormal numbers alone."""
    data = datasets.load("digits").astype("float32")
    made = trainer(loaded("numpy_manual"), data)
    p = start(data)
    ready(made, p._replace(w=p.w * np.float32(60)), 0)
    assert denormal_share(made.predict(data.x)) > MOST_DENORMAL


def test_a_round_leaves_nothing_to_the_next(implementation: Any) -> None:
    data = table()
    made, ends = trainer(implementation, data, Batching(20, shuffle=True)), []
    for number in (0, 1, 0):
        ready(made, start(data, number), 3)
        run_epochs(made, 3)
        ends.append(made.params())
    assert starts.packed(ends[0]) == starts.packed(ends[2])
    assert starts.packed(ends[0]) != starts.packed(ends[1])


def test_jax_dispatches_one_compiled_step_a_batch(jax_grad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    assert isinstance(jax_grad._step, jax.stages.Wrapped)
    calls, step = [], jax_grad._step

    def counted(*arguments: Any) -> Any:
        calls.append(arguments[-1])
        return step(*arguments)

    monkeypatch.setattr(jax_grad, "_step", counted)
    trained(jax_grad.JaxGrad, table(), 3, Batching(20))
    assert calls == [20, 20, 8] * 3


def test_nothing_is_copied_to_the_device_in_a_round(jax_grad: Any) -> None:
    import jax

    data = table()
    for batching in (Batching(), Batching(20), Batching(20, shuffle=True)):
        made = trainer(jax_grad.JaxGrad, data, batching)
        ready(made, start(data), 3)
        with jax.transfer_guard("disallow"):
            run_epochs(made, 3)


def test_the_rows_are_the_trainer_s_own(implementation: Any, tmp_path: Path) -> None:
    """Workers pass mapped files; epochs must not see later writes to them."""
    save(table(), tmp_path)
    data = open_saved(tmp_path)
    made = trainer(implementation, data)
    data.x[:] = 0
    ready(made, start(table()), 3)
    run_epochs(made, 3)
    assert starts.packed(made.params()) == starts.packed(trained(implementation, table(), 3))


def test_arrays_are_as_they_were(implementation: Any) -> None:
    data = table()
    before = data.digest()
    trained(implementation, data, 3, Batching(20))
    assert data.digest() == before


def test_nothing_is_donated(jax_grad: Any) -> None:
    made = trainer(jax_grad.JaxGrad, table())
    ready(made, start(table()), 1)
    held = [*vars(made)["_params"], vars(made)["_x"], vars(made)["_y"]]
    run_epochs(made, 1)
    assert not any(array.is_deleted() for array in held)


@pytest.mark.parametrize("runtime", ["torch", "jax"])
def test_full_precision_is_asked_for(runtime: str) -> None:
    if importlib.util.find_spec(runtime) is None:
        pytest.skip(f"needs {runtime}")
    assert "highest" in runtimes.load(runtime).asked("float32").values()
    variables = spawn.environment(dtype="float32", threads=1, device="cpu")
    assert variables["JAX_DEFAULT_MATMUL_PRECISION"] == "highest"


def test_rounds_are_those_of_the_plan(timed: Callable[..., Rounds]) -> None:
    assert len(timed(Plan(1, 9, 1, 1, 0.0)).round_seconds) == 9


def test_a_cell_that_raises_answers_once_and_the_next_one_is_asked(tmp_path: Path) -> None:
    entry = Entry(as_record(table(), start(table()), 1).cell, "")
    parent: Any = Parent(entry, Plan(1, 1, 1, 1, 0.0))

    def fails() -> None:
        raise ArithmeticError

    attempt.attempt(parent, fails)
    attempt.attempt(parent, lambda: None)
    (failed,) = parent.replies
    assert isinstance(failed, Failed) and failed.detail.endswith("ArithmeticError")


def test_no_garbage_is_collected_in_a_round(timed: Callable[..., Rounds]) -> None:
    seen: list[bool] = []
    timed(Plan(1, 3, 1, 1, 0.0), lambda: seen.append(gc.isenabled()))
    assert seen == [False] * 3
    assert gc.isenabled()


@pytest.mark.parametrize("name", ["torch_autograd", "torch_nn"])
def test_no_epoch_reads_a_loss_in_torch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    implementation = loaded(name)
    import torch

    made = trainer(implementation, table())
    ready(made, start(table()), 2)
    for word in ("item", "__float__", "tolist", "numpy"):
        monkeypatch.setattr(torch.Tensor, word, _forbidden)
    run_epochs(made, 2)


def test_no_epoch_reads_a_loss_in_jax(jax_grad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(jax_grad.JaxGrad, table())
    ready(made, start(table()), 2)
    kind = type(vars(made)["_x"])
    for word in ("item", "__float__", "tolist", "__array__"):
        monkeypatch.setattr(kind, word, _forbidden)
    run_epochs(made, 2)


def _forbidden(*_: object) -> None:
    raise AssertionError("a value was read")
