"""Work that another process does meanwhile, on another processor of the machine."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin this work in a copy of this process, and give what returns its result once it is there.

    `work` returns what can be pickled, and writes nothing. If it comes to nothing there, be it an error or that the
    process was killed, it is done here, where its error is raised as any other. The copy ends with the block.

    For Linux: only there is a copy made as cheaply, and safely beside the threads of NumPy.
    """
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(work, receiving, sending))
    process.start()
    sending.close()

    def result() -> Result:
        try:
            found: Result = receiving.recv()
        except (EOFError, OSError):
            return work()
        return found

    try:
        yield result
    finally:
        receiving.close()
        process.kill()
        process.join()


def _send(work: Callable[[], object], receiving: Connection, sending: Connection) -> None:
    """Send the result, or nothing at all; Ctrl+C is for the process that waits.

    With no copy of the other end here, sending ends when the one who waits is gone.
    """
    receiving.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        result = work()
    except Exception:  # noqa: BLE001 - it is raised where the work is done again
        return
    with suppress(BrokenPipeError):
        sending.send(result)
