"""Work in a second process: the caller always gets a result or an error, whatever happens to it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time

import pytest

from bench.report.fork import beside

# Another test of this process may have imported JAX, whose threads are idle here.
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a process is copied on Linux alone"),
    pytest.mark.filterwarnings("ignore:os.fork"),
]


def test_work_is_done_in_another_process_while_this_one_goes_on() -> None:
    reading, writing = os.pipe()

    def work() -> tuple[bytes, int]:
        return os.read(reading, 4), os.getpid()

    with beside(work) as result:
        os.write(writing, b"here")
        text, pid = result()
    assert text == b"here"
    assert pid != os.getpid()


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> None:
        raise OSError(f"no room in {os.getpid()}")

    with beside(work) as result, pytest.raises(OSError, match=f"no room in {os.getpid()}"):
        result()


def test_the_work_of_a_process_that_was_killed_is_done_here() -> None:
    here = os.getpid()

    def work() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    with beside(work) as result:
        assert result() == here


def test_the_work_of_a_process_that_was_killed_while_it_sent_its_result_is_done_here() -> None:
    """A pipe holds a hundredth of the result, so the process is still sending until the parent reads."""
    here, (reading, writing) = os.getpid(), os.pipe()

    def work() -> tuple[bytes, int]:
        os.write(writing, b"done")
        return bytes(10_000_000), os.getpid()

    with beside(work) as result:
        os.read(reading, 4)
        (process,) = multiprocessing.active_children()
        process.kill()
        process.join()
        assert result()[1] == here


def test_the_process_ends_with_the_block_whether_its_result_is_wanted_or_not() -> None:
    with pytest.raises(ValueError, match="something else"), beside(lambda: time.sleep(600)):
        raise ValueError("something else")
    assert not multiprocessing.active_children()
