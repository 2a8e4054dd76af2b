"""Do work in a second process, in parallel."""

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
    """Start this work in a fork of this process, and yield a function that waits for its result.

    `work` returns something that can be pickled, and writes nothing. If the fork fails or is killed, the work is done
    here instead, and an error is raised as usual. The fork ends with the block.

    Linux only: elsewhere a fork is not as cheap, or not safe with the threads of NumPy.
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
    """Send the result, or nothing; Ctrl+C is handled by the waiting process.

    The receiving end is closed here, so that sending ends when the waiting process is gone.
    """
    receiving.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        result = work()
    except Exception:  # noqa: BLE001 - raised again when the caller repeats the work
        return
    with suppress(BrokenPipeError):
        sending.send(result)
