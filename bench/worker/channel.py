"""The worker's end of the pipes to its parent: requests come in, replies go out, and nothing else is on them."""

from __future__ import annotations

import os
from io import BufferedReader

from bench.timing import messages
from bench.timing.messages import Reply, Request


class Channel:
    """Requests are read from standard input and replies are written to standard output, as they were at the start.

    From then on standard input is empty and standard output is the log, so an implementation that reads or prints
    cannot interfere.
    """

    def __init__(self) -> None:
        self._requests: BufferedReader = os.fdopen(os.dup(0), "rb")
        self._replies = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def receive(self) -> Request:
        """Return the next request; EOFError if the parent is gone."""
        text = self._requests.readline()
        if not text:
            raise EOFError("the parent has closed the pipe")
        return messages.request(text)

    def send(self, reply: Reply) -> None:
        """Answer the current request."""
        text = memoryview(messages.line(reply))
        while text:
            text = text[os.write(self._replies, text) :]
