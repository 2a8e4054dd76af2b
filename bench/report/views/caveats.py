"""What the numbers of a run do not say."""

from __future__ import annotations

from collections.abc import Sequence

from bench.store.tables import Timing
from impls.protocol import Feed

BY_EVENTS = (
    "Epoch by events: between two events of the device, in rounds of their own, without the host's wait for it; the "
    "gaps between launches are in it, so it is no sum of kernel times."
)

_MACHINE = (
    "They hold for this machine, these versions and the load that it had during the run; another machine may "
    "rank otherwise."
)

_ON_DEVICE = (
    "They are times of whole epochs with the data already on the device. Import, transfer and compilation are not "
    "in them, and have a table of their own."
)

_FED = (
    "Where data are fed from the host they are times of whole epochs with each batch brought to the device, and read "
    "from the disk if the data lie there. Import and compilation are not in them, and have a table of their own."
)

_LIMITS = (
    "On small data they measure what a library spends on a call, not its arithmetic: the order may be another one "
    "on more rows.",
    "Each of the four is what a good user of its library writes, not the most that the library can do.",
    "An interval is about the median over processes. It knows nothing of what held for the whole run, such as a "
    "processor that was busy or hot throughout.",
    "Agreement says that the numbers are the same up to rounding. It does not say that the model is a good one.",
)


def limits_of(rows: Sequence[Timing]) -> list[str]:
    """Return what the numbers of these rows do not say."""
    feeds = {row.cell.problem.feed for row in rows}
    times = [said for feed, said in ((Feed.DEVICE, _ON_DEVICE), (Feed.HOST, _FED)) if feed in feeds]
    return [_MACHINE, *times, *_LIMITS]
