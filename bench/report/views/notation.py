"""Formatting of numbers, durations, dates and counts."""

from __future__ import annotations

import math

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def duration(seconds: float) -> str:
    """Return three significant digits in ns, us, ms or s: "2.53 ms"."""
    scale, unit = _unit(seconds)
    return f"{_three(seconds / scale)} {unit}"


def tick(seconds: float) -> str:
    """Return a round duration without padding: "20 ms"."""
    scale, unit = _unit(seconds)
    return f"{seconds / scale:.4g} {unit}"


def duration_range(low: float, high: float) -> str:
    """Return an interval in the unit of its upper end: "2.50 to 2.61 ms"."""
    scale, unit = _unit(high)
    return f"{_three(low / scale)} to {_three(high / scale)} {unit}"


def minute(started: str) -> str:
    """Return an ISO date to the minute: "2026-11-22 09:34"."""
    return started[:16].replace("T", " ")


def moment(started: str) -> str:
    """Return an ISO date in UTC to the minute: "2026-11-22 09:34 UTC"."""
    return f"{minute(started)} UTC"


def ratio(value: float) -> str:
    """Return three significant digits of a ratio: "1.30"."""
    return _three(value)


def ratio_range(low: float, high: float) -> str:
    """Return the interval of a ratio: "1.27 to 1.33"."""
    return f"{_three(low)} to {_three(high)}"


def speed(value: float, low: float, high: float, than: str = "") -> str:
    """Return a ratio of times and its interval as people say it: "1.44x faster than numpy_manual (1.36x to 1.70x)"."""
    word = "slower"
    if value < 1:
        word, value, low, high = "faster", 1 / value, 1 / high, 1 / low
    return f"{ratio(value)}x {word}{than and f' than {than}'} ({ratio(low)}x to {ratio(high)}x)"


def share(value: float | None) -> str:
    """Return a share of the error budget in percent: "12 %", "0.04 %"; "" if there is none.

    NaN is "NaN"; any error with a budget of 0 is "infinite".
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    return f"{float(f'{100 * value:.{2 if value < 1 else 4}g}'):,.10g} %"


def mebibytes(size: float) -> str:
    """Return a number of bytes: "200 MiB"."""
    return f"{size / 2**20:.0f} MiB"


def kibibytes(size: float) -> str:
    """Return a small number of bytes: "39.1 KiB"."""
    return f"{size / 2**10:.3g} KiB"


def loss(value: float | None) -> str:
    """Return a loss to six digits, "" where there is none."""
    return "" if value is None else f"{value:.6g}"


def accuracy(value: float | None) -> str:
    """Return a share of right answers: "91.2 %", "" where there is none."""
    return "" if value is None else f"{100 * value:.1f} %"


def number(count: int, noun: str) -> str:
    """Return a count with its noun: "1 cell", "10,000 cells"."""
    return f"{count:,} {noun}{'s'[: count != 1]}"


def rows(n: float) -> str:
    """Return a number of rows to three significant digits: "3,100"."""
    return f"{float(f'{n:.3g}'):,.0f}"


def _unit(seconds: float) -> tuple[float, str]:
    return next(((scale, unit) for scale, unit in _UNITS if seconds >= 0.9995 * scale), _UNITS[-1])


def _three(value: float) -> str:
    """Return three significant digits, without powers of ten above 1: "0.597", "1.30", "25.3", "1,234"."""
    if value < 0.09995:
        return f"{value:.3g}"
    decimals = next((digits for digits, least in ((0, 99.95), (1, 9.995), (2, 0.9995)) if value >= least), 3)
    return f"{value:,.{decimals}f}"
