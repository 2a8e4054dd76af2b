"""What the tuned implementations were made to reach: `python -m tests.speed.targets` prints each ratio and its most.

One process, one thread, in turns; a ratio is not asserted, since it is the machine's as much as the code's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import impls
from bench.plan import DEFAULT_DATASETS
from datasets import load
from impls.protocol import Batching, Recipe, zeros
from tests.speed.interleaved import as_a_worker, epochs, times, trained, words

SECONDS = 2.0


@dataclass(frozen=True)
class Target:
    """`way` takes at most so many times the time of `other` on this dataset."""

    dataset: str
    way: str
    other: str
    most: float
    batch_size: int | None = None
    dtype: str = "float32"


def targets() -> Iterator[Target]:
    """Yield every target."""
    yield Target("synthetic:softmax,n=100000,d=64,k=10", "numpy_blocked", "scikit_learn", 0.6)
    yield Target("synthetic:softmax,n=1000000,d=16,k=2", "numpy_blocked", "scikit_learn", 0.5)
    yield Target("digits", "jax_scan", "jax_grad", 0.35, 64)
    for dataset in DEFAULT_DATASETS:
        for batch_size in (None, 64):
            for dtype in ("float32", "float64"):
                if batch_size is None or load(dataset, dtype="float32").n > batch_size:
                    yield Target(dataset, "numpy_blocked", "numpy_manual", 1.1, batch_size, dtype)


def main(wanted: list[str]) -> None:
    """Print the ratio of every target whose words are all wanted; of all, without any."""
    for target in targets():
        if all(word in str(target) for word in wanted):
            dataset = load(target.dataset, dtype=target.dtype)
            recipe = Recipe(dataset.learning_rate, Batching(target.batch_size))
            trainers = {name: trained(impls.load(name), dataset, recipe) for name in (target.way, target.other)}

            def ready(number: int, trainers=trainers, dataset=dataset) -> None:  # type: ignore[no-untyped-def]
                for trainer in trainers.values():
                    trainer.reset(zeros(dataset), number)

            found = times({name: epochs(trainer) for name, trainer in trainers.items()}, ready, SECONDS)
            batch = "" if target.batch_size is None else f" batch {target.batch_size}"
            said = words(found, target.way, target.other, target.most)
            print(f"{said}, {target.dataset} {target.dtype}{batch}", flush=True)


if __name__ == "__main__":
    as_a_worker("tests.speed.targets")
    main(sys.argv[1:])
