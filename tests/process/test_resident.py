"""A worker that stays: it answers, it is stopped, it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import psutil
import pytest

from bench.process.resident import Resident, Said
from bench.process.spawn import Order, environment
from bench.store.cell import Status

PROGRAM = "tests.support.planted.answers"


@pytest.fixture
def said() -> Queue[Said]:
    return Queue()


@pytest.fixture
def worker(said: Queue[Said], tmp_path: Path) -> Iterator[Resident]:
    variables = environment(dtype="float32", threads=1, device="cpu")
    made = Resident(Order(PROGRAM, {}, variables, tmp_path, 0.0, capped=True), said, 1000)
    yield made
    made.kill()


def answer(said: Queue[Said]) -> bytes | None:
    _, line = said.get(timeout=60)
    return line


def test_each_request_has_its_answer(worker: Resident, said: Queue[Said]) -> None:
    for words in (b"one\n", b"two\n"):
        worker.ask(words)
        assert said.get(timeout=60) == (worker, words)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing can be stopped there")
def test_a_stopped_worker_answers_once_it_is_woken(worker: Resident, said: Queue[Said]) -> None:
    worker.ask(b"one\n")
    assert answer(said) == b"one\n"
    worker.stop()
    assert psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED
    worker.ask(b"two\n")
    worker.wake()
    assert answer(said) == b"two\n"
    assert not worker.over()


def test_who_is_asked_nothing_more_ends(worker: Resident, said: Queue[Said]) -> None:
    worker.hang_up()
    assert answer(said) == b""
    assert worker.end("", wait_seconds=60).status is Status.OK


def test_an_answer_without_an_end_is_none(worker: Resident, said: Queue[Said]) -> None:
    worker.ask(b"endless\n")
    assert answer(said) is None
    assert worker.end("it has no end").detail.startswith("it has no end")


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_death_is_noticed_and_named(worker: Resident, said: Queue[Said]) -> None:
    worker.ask(b"die\n")
    assert answer(said) == b""
    ending = worker.end("", wait_seconds=60)
    assert (ending.status, ending.detail) == (Status.CRASHED, "killed by SIGKILL")
    worker.ask(b"are you there?\n")  # nobody is
    worker.stop()
    worker.wake()
