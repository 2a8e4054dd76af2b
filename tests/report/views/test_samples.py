from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.run import Raw
from bench.report.views import names, samples
from tests.support.made_up import AROUND, BLOCKS, DIGITS, HOURS, MINE, cell, made_up

NAMES = names.of_rows(made_up().timings)


def seen(raw: Raw) -> list[samples.History]:
    return samples.histories(raw, {row.cell for row in raw.timings})


def test_a_history_holds_every_process_of_what_has_a_time() -> None:
    raw = made_up()
    found = {history.name(NAMES): history for history in seen(raw)}
    assert set(found) == {
        "numpy_manual on study_hours",
        "numpy_manual on digits",
        "numpy_manual@aa on digits",
        "torch_autograd on digits",
        "torch_nn on digits",
        "jax_grad on digits",
        "torch_nn on cuda:0 on digits",
        "numpy_manual on digits batch 64",
        "numpy_manual@aa on digits batch 64",
    }
    processes = found["jax_grad on digits"].processes
    assert [process.block for process in processes] == list(range(1, BLOCKS + 1))
    assert not any(process.noisy for process in processes)
    assert processes[0].epoch_seconds == pytest.approx([1.2e-3 * 0.995 * around for around in AROUND])


def test_a_stopped_block_is_shown_and_does_not_count() -> None:
    raw = made_up()
    blocks = [replace(one, stopped=one.number == 3) for one in raw.blocks]
    history = next(one for one in seen(replace(raw, blocks=blocks)) if one.name(NAMES) == "jax_grad on digits")
    assert [process.block for process in history.processes if not process.counts] == [3]


def test_a_block_without_a_quiet_processor_is_marked_where_it_had_none() -> None:
    raw = made_up()
    loud = [
        replace(one, witnessed=replace(one.witnessed, sentinel_before=(2.0,) * len(AROUND)))
        if (one.block, one.cell.problem) == (5, DIGITS)
        else one
        for one in raw.rounds
    ]
    found = {one.name(NAMES): one for one in seen(replace(raw, rounds=loud))}
    marked = {name: [process.block for process in one.processes if process.noisy] for name, one in found.items()}
    assert marked["jax_grad on digits"] == marked["numpy_manual@aa on digits"] == [5]
    assert marked["numpy_manual on digits batch 64"] == []


def test_a_wrong_cell_has_no_history() -> None:
    assert not [one for one in seen(made_up()) if one.cell == cell(MINE, HOURS)]
