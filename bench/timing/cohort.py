"""The resident workers of a block: started together, asked by name, and reported if they die, hang or flood."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType

from bench.process import account
from bench.process.resident import Resident, Said
from bench.process.spawn import Order, environment, make_empty
from bench.store.cell import CPU, Status
from bench.timing import messages
from bench.timing.jobs import Job
from bench.timing.messages import Failed, Reply, Request
from datasets.prepared import mapped_bytes

_MODULE = "bench.worker.time_cells"
# The variable by which all that a cohort has started is known.
MARK = "BENCH_COHORT"
# How often the state of workers is checked while none answers. Time limits count these checks, so that the time for
# which this program itself is stopped (Ctrl-Z) does not count.
_LOOK_SECONDS = 0.05
# How long to wait for the last output of a worker that has ended; a child of it may hold its pipe open.
_LAST_WORDS_SECONDS = 1.0
# The most bytes of an answer besides parameters, and the length of a number as text.
_MOST_WORDS, _BYTES_A_NUMBER = 1 << 22, 16
_LEAVING_SECONDS = 30.0
_UNASKED = "it sent an answer that was not requested"


class Cohort:
    """The workers of one block. One that fails is ended, and the reason kept; the others go on.

    processors   those that workers may use while they are made ready: as many are asked at once
    folders      of each worker that was started, with its name
    core         the processor on which turns are taken now; None if they may use all
    mark         value of the variable `MARK` in the environment of all that this cohort has started
    """

    def __init__(self, folder: Path, processors: frozenset[int]) -> None:
        self._folder, self._processors = folder, processors
        self.folders: list[tuple[str, Path]] = []
        self.mark = secrets.token_hex(8)
        self._said: Queue[Said] = Queue(maxsize=64)
        self._living: dict[str, Resident] = {}
        self._fallen: dict[str, Failed] = {}
        self._due: dict[str, type[Reply]] = {}
        self.core: int | None = None
        self._pinned: dict[str, int | None] = {}

    def __enter__(self) -> Cohort:
        make_empty(self._folder)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._living.values():
            worker.kill()
        self._living.clear()
        account.kill_marked(MARK, self.mark)

    def start(self, name: str, job: Job) -> None:
        """Start the worker with this name unless it is running; forget why an earlier one failed."""
        if name in self._living:
            return
        self._fallen.pop(name, None)
        folder = self._folder / str(len(self.folders))
        folder.mkdir()
        self.folders.append((name, folder))
        cell = job.entries[0].cell
        variables = environment(dtype=cell.problem.dtype, threads=cell.threads, device=cell.device)
        variables[MARK] = self.mark
        mapped = mapped_bytes(entry.dataset_folder for entry in job.entries)
        filled, capped = replace(job, folder=str(folder.resolve())), cell.device == CPU
        most = max(entry.cell.problem.d * entry.cell.problem.k for entry in job.entries)
        order = Order(_MODULE, asdict(filled), variables, folder, 0.0, capped, mapped)
        self._living[name] = Resident(order, self._said, _MOST_WORDS + _BYTES_A_NUMBER * most)

    def pid(self, name: str) -> int:
        """Return the process id of a worker; 0, which no process has, if it is gone."""
        return self._living[name].pid if name in self._living else 0

    def each(self, requests: Mapping[str, Request], seconds: float) -> dict[str, Reply]:
        """Return the answer of each worker; as many work at once as there are processors."""
        waiting, answers = dict(requests), {}
        asked: dict[str, float] = {}
        while waiting or asked:
            while waiting and len(asked) < len(self._processors):
                name = next(iter(waiting))
                self._send(name, waiting.pop(name))
                asked[name] = seconds
            name, answers[name] = self._answer(asked)
            del asked[name]
            self._stop(name)
        return answers

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Let this worker alone run until the context ends, on the processor on which this thread is."""
        if name in self._living:
            if self._pinned.get(name) != self.core:
                self._pin(name)
            self._living[name].wake()
        yield
        self._stop(name)

    def ask(self, name: str, request: Request, seconds: float) -> Reply:
        """Return the answer of the worker whose turn it is."""
        self._request(name, request)
        return self._answer({name: seconds})[1]

    def tell(self, name: str, request: Request) -> None:
        """Send a request that has no answer."""
        if name in self._living:
            self._send(name, request)

    def pin(self, core: int | None) -> None:
        """Keep all workers, and this thread, on one processor; None lets them use all."""
        self.core = core
        for name in self._living:
            self._pin(name)
        if sys.platform == "linux":
            os.sched_setaffinity(0, self._chosen)

    def move(self) -> None:
        """Take this thread to the next processor, if it is pinned to one; each worker follows when it has its turn."""
        if self.core is not None:
            allowed = sorted(self._processors)
            self.core = allowed[(allowed.index(self.core) + 1) % len(allowed)]
            os.sched_setaffinity(0, self._chosen)

    def dismiss(self) -> None:
        """Let all workers exit by themselves, so that they write their files for other tools."""
        for worker in self._living.values():
            worker.hang_up()
            worker.wake()
        while self._living:
            self._answer(dict.fromkeys(self._living, _LEAVING_SECONDS))

    @property
    def _chosen(self) -> frozenset[int]:
        return self._processors if self.core is None else frozenset({self.core})

    def _pin(self, name: str) -> None:
        account.pin(self._living[name].pid, self._chosen)
        self._pinned[name] = self.core

    def _send(self, name: str, request: Request) -> None:
        if name in self._living:
            self._living[name].wake()
            self._request(name, request)

    def _request(self, name: str, request: Request) -> None:
        if name in self._living:
            if (answer := messages.ANSWERS.get(type(request))) is not None:
                self._due[name] = answer
            self._living[name].ask(messages.line(request))

    def _stop(self, name: str) -> None:
        if name in self._living:
            self._living[name].stop()
            if self._living[name].over():
                self._fall(name, "")

    def _answer(self, asked: dict[str, float]) -> tuple[str, Reply]:
        """Return the name of the next worker that answers, and its answer; `asked` holds the seconds left to each."""
        while True:
            fallen = next((name for name in asked if name in self._fallen), None)
            if fallen is not None:
                return fallen, self._fallen[fallen]
            try:
                worker, text = self._said.get(timeout=_LOOK_SECONDS)
            except Empty:
                self._look(asked)
                continue
            name = next((name for name, one in self._living.items() if one is worker), None)
            if name is not None and (answer := self._heard(name, text)) is not None:
                return name, answer

    def _heard(self, name: str, text: bytes | None) -> Reply | None:
        """Return the answer in a worker's output; None if there is none, and then the worker is ended."""
        due = self._due.pop(name, None)
        if text == b"":
            self._fall(name, "it has closed its pipe", wait_seconds=_LEAVING_SECONDS)
        elif text is None or due is None:
            self._fall(name, _UNASKED if due is None else "its answer has no end", Status.BAD_OUTPUT)
        else:
            try:
                answer = messages.reply(text)
            except ValueError as error:
                self._fall(name, f"its answer cannot be read: {error}", Status.BAD_OUTPUT)
                return None
            if isinstance(answer, due | Failed):
                return answer
            self._fall(name, f"it answers {type(answer).__name__}, where {due.__name__} is due", Status.BAD_OUTPUT)
        return None

    def _look(self, asked: dict[str, float]) -> None:
        for name, left in asked.items():
            over = name in self._living and self._living[name].over()
            asked[name] = min(left - _LOOK_SECONDS, _LAST_WORDS_SECONDS) if over else left - _LOOK_SECONDS
            if name in self._living and asked[name] <= 0:
                self._fall(name, "no answer within its time limit")

    def _fall(self, name: str, why: str, status: Status | None = None, wait_seconds: float = 0.0) -> None:
        """End this worker and remember how it failed; one that exited by itself has crashed, whatever its exit code."""
        ending = self._living.pop(name).end(why, wait_seconds=wait_seconds)
        if status is not None:
            self._fallen[name] = Failed(status, f"{why}\n{ending.detail}".rstrip())
        elif ending.status in (Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.BAD_OUTPUT):
            self._fallen[name] = Failed(ending.status, ending.detail)
        else:
            detail = ending.detail or "its worker ended with exit code 0 in the midst of it"
            self._fallen[name] = Failed(Status.CRASHED, detail)
