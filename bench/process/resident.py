"""A worker that stays: asked one thing at a time over its pipes, and stopped by the system in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from queue import Queue
from typing import IO

from bench.process.spawn import Ending, Order, end, flooded, kill_group, launch

# What a worker says: its line, empty once it says no more, or None for a line that is longer than any answer.
Said = tuple["Resident", bytes | None]


class Resident:
    """A process that answers each request with one line, which comes with its sender through the queue of its cohort.

    It is stopped, with all that it has started in its group, whenever nothing is asked of it: whatever its libraries do
    when they are left alone would be in the time of the others. Windows stops nothing; a worker waits for its pipe.
    """

    def __init__(self, order: Order, said: Queue[Said], most_bytes: int) -> None:
        self._order, self._said, self._most_bytes = order, said, most_bytes
        self._worker = launch(order, conversing=True)
        self._in, self._out = _pipes(self._worker)
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._worker.pid

    def _listen(self) -> None:
        """Pass on what it says until it says no more, or says it without an end."""
        with self._out as out:
            while (line := out.readline(self._most_bytes + 1)).endswith(b"\n"):
                self._said.put((self, line))
        self._said.put((self, None if line else b""))

    def ask(self, line: bytes) -> None:
        """Send a request; one that has died hears nothing, and its end comes through the queue."""
        with suppress(OSError, ValueError):  # its pipe is broken, or closed
            self._in.write(line)
            self._in.flush()

    def hang_up(self) -> None:
        """Ask nothing more: it ends once it has noticed."""
        with suppress(OSError):
            self._in.close()

    def stop(self) -> None:
        """Stop the process and its group; none of its threads runs any more when this returns, or it is gone."""
        if sys.platform == "win32":
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGSTOP)
        if sys.platform == "linux":
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def wake(self) -> None:
        """Let it run."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGCONT)

    def over(self) -> bool:
        """Return whether it has ended, or has said more in its log than anybody reads."""
        return self._worker.poll() is not None or flooded(self._order)

    def end(self, otherwise: str, *, wait_seconds: float = 0.0) -> Ending:
        """Give it `wait_seconds` to end, then end it, for the reason `otherwise`; return how it ended."""
        with suppress(subprocess.TimeoutExpired):
            self._worker.wait(wait_seconds)
        ending = end(self._order, self._worker, otherwise)
        self.hang_up()
        return ending

    def kill(self) -> None:
        """End it, whatever it does."""
        kill_group(self._worker)
        self.hang_up()


def _pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("a resident worker has pipes")
    return worker.stdin, worker.stdout
