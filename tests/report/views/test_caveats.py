from __future__ import annotations

from bench.report.views import caveats
from impls.protocol import Feed
from tests.support.made_up import made_up, on


def test_where_the_data_lie_is_said_of_the_cells_that_are_there() -> None:
    rows = made_up().timings
    fed = [on(row, feed=Feed.HOST) for row in rows]
    on_device, from_host = "with the data already on the device", "With data fed from the host"
    for some, said in ((rows, (True, False)), (fed, (False, True)), ([*rows, *fed], (True, True))):
        text = "\n".join(caveats.limits_of(some))
        assert (on_device in text, from_host in text) == said
