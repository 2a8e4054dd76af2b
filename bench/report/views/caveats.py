"""Caveats: what the numbers of a run do not say."""

from __future__ import annotations

from collections.abc import Sequence

from bench.store.tables import Timing
from impls.protocol import Feed

BY_EVENTS = (
    "Epoch by events: between two events of the device, in separate rounds, without the host's wait; it includes the "
    "gaps between launches, so it is not the sum of kernel times."
)

_MACHINE = "They hold for this machine, these versions and the load during the run; the ranking may differ elsewhere."

_ON_DEVICE = (
    "They are times of whole epochs with the data already on the device. Import, transfer and compilation are not "
    "included and have their own table."
)

_FED = (
    "With data fed from the host, they are times of whole epochs in which each batch is moved to the device, and read "
    "from disk if the data are there. Import and compilation are not included and have their own table."
)

_LIMITS = (
    "On small data they measure the cost of calls, not arithmetic: the ranking may differ on more rows.",
    "Each of the four is what a good user of its library writes, not the best that the library can do.",
    "They are meant as times on a processor that nothing else uses. A fixed piece of work, timed before and after each "
    "round, is the only evidence of whether anything else used it. Anything that affected the whole run, such as a "
    "processor that was busy or hot throughout, remains unseen.",
    "A cost that occurs less often than once in about 2 s of an implementation's timed rounds may have been missed.",
    "Agreement means that the numbers are equal up to rounding. It does not mean that the model is good.",
)


def limits_of(rows: Sequence[Timing]) -> list[str]:
    """Return what the numbers of these rows do not say."""
    feeds = {row.cell.problem.feed for row in rows}
    times = [said for feed, said in ((Feed.DEVICE, _ON_DEVICE), (Feed.HOST, _FED)) if feed in feeds]
    return [_MACHINE, *times, *_LIMITS]
