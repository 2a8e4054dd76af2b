"""The colour and marker of each implementation, the same in every picture and chart.

The colours are those of Okabe and Ito (Color Universal Design) that stand out on both white and black.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.store.cell import Runner

ALARM = "#d55e00"
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a")
# The names in matplotlib and in plotly.
_MARKERS = (
    ("o", "circle"),
    ("s", "square"),
    ("^", "triangle-up"),
    ("D", "diamond"),
    ("v", "triangle-down"),
    ("P", "cross"),
    ("X", "x"),
    ("<", "triangle-left"),
    (">", "triangle-right"),
    ("p", "pentagon"),
    ("*", "star"),
)


@dataclass(frozen=True)
class Mark:
    """The colour and the marker of one implementation on one device; `symbol` is plotly's name for the marker."""

    colour: str
    marker: str
    symbol: str


def marks(runners: Iterable[Runner]) -> dict[Runner, Mark]:
    """Return the mark of each runner, in the order of first appearance."""
    return {
        runner: Mark(_COLOURS[number % len(_COLOURS)], *_MARKERS[number % len(_MARKERS)])
        for number, runner in enumerate(dict.fromkeys(runners))
    }
