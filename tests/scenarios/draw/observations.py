"""Random observations of every case of the gate, through judgement, diagnosis, verdicts and reports: none may raise.

`python -m tests.scenarios.draw.observations 100000` tries 100,000 of them and counts the verdicts; the suite tries
a few hundred.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.gate import observe
from bench.gate.case import Case, at_shape, of_problem
from bench.gate.catalogue import cases
from bench.gate.observe import FORM_FAULTS, NUMBERS, Observation
from bench.gate.verdicts import Entrant, Opinions, Seen, judged, verdict
from bench.report.write import write_reports
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Verdict
from bench.store.tables import Agreement
from datasets.dataset import Model
from impls.numpy_manual import NumpyManual
from impls.protocol import Dataset
from tests.support.gates import CPU, DTYPES
from tests.support.made_run import made_run
from tests.support.made_up import laid_down

_ROWS, _FEATURES, _EPOCHS, _BATCH = 200, 3, 3, 64
_KINDS = ("f2", "f4", "f8", "i1", "i8", "u2", "?", "c8", "S3", "U2", "M8[s]", "V4")


@dataclass(frozen=True, eq=False)
class Honest:
    """What an honest implementation does on a case, with the benchmarked problem if the case has one."""

    case: Case
    problem: Problem | None
    seen: Observation


@cache
def honest(model: Model, dtype: str) -> tuple[Problem, tuple[Honest, ...]]:
    """Return a problem, and what an honest implementation does on all of its cases; the last has its own data."""
    generator = np.random.default_rng(1)
    k = 3 if model is Model.SOFTMAX else 1
    x = generator.standard_normal((_ROWS, _FEATURES)).astype(dtype)
    y = generator.integers(0, max(2, k), _ROWS) if model.classifies else generator.standard_normal(_ROWS)
    y = y.astype(np.int64 if model is Model.SOFTMAX else dtype)
    x = x[:, 0] if model is Model.SIMPLE_LINEAR else x
    data = Dataset("drawn", model, np.ascontiguousarray(x), y, k, 0.1, "drawn", "none")
    one = Problem("drawn", model, _ROWS, data.d, k, dtype, 0.1, _BATCH, True, False, 0)
    whole = replace(one, batch_size=None)
    with_problem = [*at_shape(whole, dtype), of_problem(one, data, _EPOCHS)]
    planned = [(case, None) for case in cases(model, dtype)] + [(case, one) for case in with_problem]
    return one, tuple(Honest(case, its, observe.observe(NumpyManual, case, CPU)) for case, its in planned)


def spoilt(seen: Observation, generator: np.random.Generator) -> Observation:
    """Return the observation with one to three of its arrays, or all of them, replaced or left out."""
    found, names = dict(seen), [*seen]
    number = len(names) if generator.random() < 0.1 else int(generator.integers(1, 4))
    for name in generator.choice(names, min(number, len(names)), replace=False):
        array = _another(found[str(name)], generator)
        if array is None:
            del found[str(name)]
        else:
            found[str(name)] = array
    if generator.random() < 0.05:
        found[FORM_FAULTS] = np.array(["predictions: a \ud800 | <b>"], dtype=str)
    return found


def _another(array: NDArray[np.generic], generator: np.random.Generator) -> NDArray[np.generic] | None:
    """Return an array in place of this one, or None for none at all."""
    shape, choice = array.shape, generator.choice
    numbers = array.astype(np.float64) if array.dtype.kind in NUMBERS else np.zeros(shape)
    ways: list[Callable[[], NDArray[np.generic] | None]] = [
        lambda: None,
        lambda: np.full(shape, choice([np.nan, np.inf, -np.inf, 0.0, 1e300])),
        lambda: np.asarray(numbers * choice([-1, 0.5, 2, 1e30, 1e-30])),
        lambda: generator.standard_normal(shape) * 10.0 ** generator.integers(-40, 40),
        lambda: np.zeros(shape, choice(_KINDS)),
        lambda: np.zeros(tuple(int(one) for one in generator.integers(0, 4, int(generator.integers(0, 4))))),
        lambda: array.reshape(-1, 1),
        lambda: array.ravel()[: int(generator.integers(0, 3))],
        lambda: np.frombuffer(generator.bytes(8 * array.size), np.float64).reshape(shape),
    ]
    return ways[int(generator.integers(len(ways)))]()


def outcome(model: Model, dtype: str, number: int) -> tuple[Verdict, list[Agreement]]:
    """Return the verdict on an implementation whose observation of one case is spoilt, and all comparisons."""
    generator = np.random.default_rng((number, DTYPES.index(dtype), [*Model].index(model)))
    problem, every = honest(model, dtype)
    chosen, own = every[int(generator.integers(len(every)))], every[-1]
    liar = Cell(f"drawn.py:Number{number}", problem, "cpu", 1)
    seen = [_seen(liar, dtype, chosen, spoilt(chosen.seen, generator))]
    seen += [] if chosen is own else [_seen(liar, dtype, own, own.seen)]
    seen += [_seen(replace(liar, implementation="numpy_manual"), dtype, one, one.seen) for one in {chosen, own}]
    opinions = _opinions(model, dtype)
    with np.errstate(all="ignore"):
        compared = list(judged(seen, opinions))
        return verdict(liar, seen, compared, opinions), [row for _, row in compared]


def _seen(cell: Cell, dtype: str, what: Honest, observation: Observation) -> Seen:
    entrant = Entrant(cell.implementation, cell.device, cell.threads)
    return Seen(entrant, dtype, what.case, what.problem, Status.OK, "", observation)


@cache
def _opinions(model: Model, dtype: str) -> Opinions:
    return Opinions()


def outcomes(count: int) -> Iterator[tuple[Verdict, list[Agreement]]]:
    """Yield this many outcomes, going through the models and dtypes in turn."""
    kinds = [(model, dtype) for model in Model for dtype in DTYPES]
    for number in range(count):
        yield outcome(*kinds[number % len(kinds)], number)


def report(found: Sequence[tuple[Verdict, list[Agreement]]], folder: Path) -> None:
    """Write every table and report of a run with these verdicts, timed and not timed."""
    cells = {one.cell.problem for one, _ in found}
    raw = made_run(["numpy_manual"], [*cells], lambda _name, _problem: 1e-3, blocks=6)
    raw = replace(
        raw,
        environment={**raw.environment, "reference_bits": dict.fromkeys(DTYPES, 64)},
        verdicts=[*raw.verdicts, *(one for one, _ in found)],
        agreements=[*raw.agreements, *(row for _, rows in found for row in rows)],
    )
    for timed in (True, False):
        laid_down(folder / str(timed), replace(raw, environment={**raw.environment, "timed": timed}))
        write_reports(folder / str(timed))


def main(count: int) -> None:
    """Try this many, write reports of each thousand, and print how often each verdict was given."""
    counts, causes = Counter[str](), Counter[str]()
    batch: list[tuple[Verdict, list[Agreement]]] = []
    for number, (one, rows) in enumerate(outcomes(count), start=1):
        counts[one.status] += 1
        causes["search failed"] += any("search for it failed" in row.cause for row in rows)
        batch.append((one, rows))
        if len(batch) == min(count, 1000):
            with tempfile.TemporaryDirectory() as folder:
                report(batch, Path(folder))
            batch = []
            _opinions.cache_clear()  # it keeps every judgement
            print(number, dict(counts), dict(causes), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
