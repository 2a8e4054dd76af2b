"""The labels of a logarithmic axis, for pictures and page: round numbers, few enough to read."""

from __future__ import annotations

from math import ceil, floor, log10

# The labels within a power of ten, from dense to sparse.
_STEPS = ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))


def logarithmic(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` round numbers from `low` to `high`, as even as a logarithmic axis allows."""
    found = next((one for one in (_between(low, high, steps) for steps in _STEPS) if len(one) <= most), None)
    if found is None:
        decades = _between(low, high, (1,))
        return decades[:: ceil(len(decades) / most)]
    return found if len(found) > 1 else _evenly(low, high, most)


def _between(low: float, high: float, steps: tuple[float, ...]) -> list[float]:
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [one for decade in decades for step in steps if low <= (one := float(f"{step}e{decade}")) <= high]


def _evenly(low: float, high: float, most: int) -> list[float]:
    """Return multiples of a round number, for an axis too short for the usual steps."""
    power = floor(log10((high - low) / most))
    steps = (float(f"{first}e{power}") for first in (1, 2, 5, 10))
    multiples = ((step, range(ceil(low / step), floor(high / step) + 1)) for step in steps)
    step, numbers = next((step, numbers) for step, numbers in multiples if len(numbers) <= most)
    return [round(number * step, 1 - power) for number in numbers]
