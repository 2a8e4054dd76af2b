"""A cohort without processes: workers that answer at once, by a clock of their own, or fail as they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from bench.store.cell import Cell
from bench.store.raw_rows import Costs, Environment, Evidence
from bench.timing.jobs import Job
from bench.timing.messages import (
    Failed,
    Finish,
    Finished,
    Go,
    Leave,
    Made,
    Prepare,
    Reply,
    Request,
    Set,
    Show,
    Shown,
    Took,
    Turn,
    Warm,
    WarmUp,
)

# Seconds of a round, of a worker in a block.
Seconds = Callable[[str, int], float]


class Scripts:
    """What all cohorts of a race do, and what was asked of them.

    deadly      how the worker of a cell of this dataset fails, from this block on, when it is asked to `at`
    seconds     of a round
    """

    def __init__(
        self,
        deadly: Mapping[str, Failed] | None = None,
        from_block: int = 0,
        at: type[Request] = Turn,
        seconds: Seconds = lambda _name, _block: 5e-3,
    ) -> None:
        self.deadly, self.from_block, self.at, self.seconds = deadly or {}, from_block, at, seconds
        self.blocks: list[Scripted] = []

    def __call__(self, folder: Path, processors: frozenset[int]) -> Scripted:
        """Stand in for the class `Cohort`."""
        self.blocks.append(Scripted(self, len(self.blocks)))
        return self.blocks[-1]

    @property
    def jobs(self) -> list[Job]:
        """All jobs of all blocks."""
        return [job for block in self.blocks for job in block.jobs]


class Scripted:
    """One block: what `Cohort` is, without processes. Block 0 is the pilot, where there is one."""

    def __init__(self, scripts: Scripts, number: int) -> None:
        self.scripts, self.number = scripts, number
        self.folders: list[tuple[str, Path]] = []
        self.jobs: list[Job] = []
        self.asked: list[tuple[str, Request]] = []
        self._cells: dict[str, Iterator[Cell]] = {}
        self._now: dict[str, Cell] = {}
        self._at: dict[str, tuple[str, str]] = {}

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def start(self, name: str, job: Job) -> None:
        if name not in self._cells:
            self.jobs.append(job)
            self._cells[name] = iter([entry.cell for entry in job.entries])

    def pid(self, name: str) -> int:
        return 0

    def each(self, requests: Mapping[str, Request], seconds: float) -> dict[str, Reply]:
        return {name: self.ask(name, request, seconds) for name, request in requests.items()}

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        yield

    def tell(self, name: str, request: Request) -> None:
        assert isinstance(request, Leave)

    def pin(self, core: int | None) -> None:
        self.core = core

    def move(self) -> None:
        pass

    def dismiss(self) -> None:
        pass

    def ask(self, name: str, request: Request, seconds: float) -> Reply:
        self.asked.append((name, request))
        if isinstance(request, Prepare):
            self._now[name] = next(self._cells[name])
        failed = self.scripts.deadly.get(self._now[name].problem.dataset)
        if failed is not None and isinstance(request, self.scripts.at) and self.number >= self.scripts.from_block:
            del self._cells[name]  # the worker is gone
            return failed
        return self._answer(name, request)

    def _answer(self, name: str, request: Request) -> Reply:
        match request:
            case Prepare(pace):
                return Made(1e-3 if pace else None)
            case WarmUp(plan):
                return Warm(plan.warmup_rounds)
            case Turn(start):
                self._at[name] = start
                return Set()
            case Go():
                return Took(self.scripts.seconds(name, self.number), 0.0)
            case Show():
                return Shown(self._at[name], {"after w": "float32"})
            case Finish(starts, _):
                return Finished(1.0, Costs(), Environment(), Evidence(), starts)
        raise AssertionError(request)
