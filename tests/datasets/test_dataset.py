"""Batching takes the rows as torch's DataLoader does; the expected counts are written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.dataset import Batching, Rows


def lengths(batches: list[Rows], n: int) -> list[int]:
    return [len(np.arange(n)[rows]) for rows in batches]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("n", "batch_size", "drop_last", "expected"),
    [
        (13, 4, False, [4, 4, 4, 1]),
        (13, 4, True, [4, 4, 4]),
        (12, 4, False, [4, 4, 4]),
        (12, 4, True, [4, 4, 4]),
        (3, 1, True, [1, 1, 1]),
        (3, 5, False, [3]),
        (3, 5, True, []),
        (3, 3, True, [3]),
        (13, None, False, [13]),
        (13, None, True, [13]),
    ],
)
def test_the_lengths_of_the_batches(
    n: int, batch_size: int | None, drop_last: bool, expected: list[int], shuffle: bool
) -> None:
    batches = Batching(batch_size, shuffle, drop_last).rows(n, epoch=0)
    assert lengths(batches, n) == expected


def test_unshuffled_batches_are_slices_in_order_every_epoch() -> None:
    expected = [slice(0, 4), slice(4, 8), slice(8, 9)]
    assert [Batching(4).rows(9, epoch) for epoch in (0, 7)] == [expected, expected]


def order(batching: Batching, n: int, epoch: int) -> list[int]:
    return [int(row) for rows in batching.rows(n, epoch) for row in np.arange(n)[rows]]


@pytest.mark.parametrize("batch_size", [None, 1, 4, 50, 99])
def test_shuffling_visits_every_row_once(batch_size: int | None) -> None:
    assert sorted(order(Batching(batch_size, shuffle=True), 50, epoch=3)) == list(range(50))


def test_a_dropped_batch_is_the_end_of_the_same_order() -> None:
    whole = order(Batching(4, shuffle=True), 13, epoch=2)
    assert order(Batching(4, shuffle=True, drop_last=True), 13, epoch=2) == whole[:12]


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    shuffled = Batching(8, shuffle=True, seed=5)
    assert order(shuffled, 50, 1) == order(Batching(8, shuffle=True, seed=5), 50, 1)
    assert order(shuffled, 50, 1) == order(Batching(16, shuffle=True, seed=5), 50, 1)
    orders = [order(shuffled, 50, 1), order(shuffled, 50, 2), order(Batching(8, shuffle=True, seed=6), 50, 1)]
    assert len({tuple(each) for each in orders}) == len(orders)


@pytest.mark.parametrize(("batch_size", "seed"), [(0, 0), (-4, 0), (None, -1)])
def test_an_impossible_batching_is_refused_in_one_line(batch_size: int | None, seed: int) -> None:
    with pytest.raises(ValueError, match=r"^(batch size|seed) -?\d: give \d or more.*$"):
        Batching(batch_size, seed=seed)
