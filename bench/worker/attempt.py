"""Report a cell that raises to the parent, and go on with the next cell."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from bench.process.out_of_memory import is_out_of_memory
from bench.store.cell import Status
from bench.timing.messages import Failed
from bench.worker.channel import Channel


def attempt(channel: Channel, measure: Callable[[], None]) -> None:
    """Measure one cell; if it raises, answer the current request with the reason."""
    try:
        measure()
    except EOFError:  # the parent is gone
        raise
    except Exception as error:  # noqa: BLE001 - whatever a cell raises is its own failure, and the next cell goes on
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()[-15:]
        status = Status.OUT_OF_MEMORY if is_out_of_memory(error) else Status.FAILED
        traceback.print_exception(error)
        channel.send(Failed(status, "\n".join(lines)))
