from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.statistics import Ratio, compare
from bench.report.markdown import run as markdown
from bench.report.views import names, ranking
from bench.store.tables import Comparison, Timing
from tests.support.made_run import made_run
from tests.support.made_up import BLOCKS, DIGITS, cell, find, made_up


def test_each_number_of_threads_is_a_ranking_of_its_own() -> None:
    """Ratios to two baselines do not rank: with four threads torch_nn beats a baseline that slowed down."""
    implementations = ["numpy_manual", "torch_nn"]
    one = made_run(implementations, [DIGITS], lambda name, _: {"numpy_manual": 1e-3, "torch_nn": 2e-3}[name])
    four = made_run(implementations, [DIGITS], lambda name, _: {"numpy_manual": 4e-3, "torch_nn": 2e-3}[name])
    raw = replace(
        one,
        verdicts=[*one.verdicts, *(replace(row, cell=replace(row.cell, threads=4)) for row in four.verdicts)],
        rounds=[*one.rounds, *(replace(row, cell=replace(row.cell, threads=4)) for row in four.rounds)],
    )
    first, second = ranking.sentences(raw.timings, names.of_rows(raw.timings), quick=False)
    assert first.startswith("numpy_manual is fastest on digits; torch_nn is 2.0")
    assert second.startswith("torch_nn, 4 threads is fastest on digits with 4 threads: 1.99x faster")


UNCLEAR = "digits: no implementation is clearly the fastest; "


@pytest.mark.parametrize(
    ("a", "b", "starts"),
    [
        ((1.27, 1.33), (1.40, 1.50), "numpy_manual is fastest on digits; a is 1.30x slower (1.27x to 1.33x); b"),
        ((0.70, 0.74), (0.80, 0.85), "a is fastest on digits: 1.39x faster than numpy_manual (1.35x to 1.43x)"),
        ((0.70, 0.76), (0.75, 0.85), UNCLEAR + "a is 1.37x faster than numpy_manual"),
        ((0.70, 0.74), (0.75, 0.85), UNCLEAR + "a is 1.39x faster than numpy_manual"),
        ((0.95, 1.05), (1.40, 1.50), UNCLEAR + "a vs numpy_manual: undecided (ratio 0.950 to 1.05)"),
        ((0.99, 1.01), (1.40, 1.50), UNCLEAR + "a is as fast as numpy_manual within 3 %"),
    ],
)
def test_words_claim_no_more_than_the_intervals(a: tuple[float, float], b: tuple[float, float], starts: str) -> None:
    base = find(made_up().timings, "numpy_manual", DIGITS)

    def rival(name: str, low: float, high: float) -> Timing:
        ratio = Ratio((low + high) / 2, low, high, 0.98, BLOCKS)
        said = replace(base, cell=replace(base.cell, implementation=name), comparison=compare(ratio))
        return replace(said, ratio=ratio.ratio, ratio_low=low, ratio_high=high)

    (sentence,) = ranking.sentences([base, rival("a", *a), rival("b", *b)], names.of([DIGITS]), quick=False)
    assert sentence.startswith(starts)


def test_a_time_that_denormal_numbers_made_is_marked_saturated() -> None:
    raw = made_up()
    marked = {cell("numpy_manual", DIGITS): 0.12, cell("torch_nn", DIGITS): 0.11, cell("jax_grad", DIGITS): 0.0}
    verdicts = [replace(one, denormal_share=marked.get(one.cell)) for one in raw.verdicts]
    raw = replace(raw, verdicts=verdicts)
    assert [ranking.verdict(find(raw.timings, one.implementation, DIGITS)) for one in marked] == [
        "baseline, saturated",
        "SLOWER, saturated",
        "FASTER",
    ]
    text = markdown.report(raw, raw.timings)
    assert "with denormal numbers: digits, numpy_manual: 12 % of its probabilities; digits, torch_nn: 11 %" in text


def test_blocks_that_were_enough_but_not_quiet_are_said_to_be_so() -> None:
    base, rival = (find(made_up().timings, name, DIGITS) for name in ("numpy_manual", "jax_grad"))
    noisy = replace(rival, comparison=Comparison.NO_QUIET, ratio=None, ratio_low=None, ratio_high=None)
    (sentence,) = ranking.sentences([base, noisy], names.of([DIGITS]), quick=False)
    assert sentence == "digits: no comparison, because too few blocks had a quiet processor."
