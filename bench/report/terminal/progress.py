"""Progress of a run: a display drawn in place on a terminal, plain lines elsewhere.

It is updated only when a worker starts or ends, so that it takes no processor time while one is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from bench.analysis.statistics import process_value
from bench.plan.controls import NULL
from bench.process.events import Event, Listener, Note, Stage, Step, Timed
from bench.report.terminal.console import Screen
from bench.report.views import names, notation

# The remaining time is estimated from the whole stage: workers differ in length, and each runs once per block.
_WHOLE_STAGE_SECONDS = 3600.0


@contextmanager
def display(screen: Screen) -> Iterator[Listener]:
    """Yield the function that shows an event on this screen; the display disappears at the end."""
    if not screen.progress.is_terminal or screen.progress.quiet:
        yield Lines(screen)
        return
    moving = Moving(screen)
    with moving.live:
        yield moving


class Lines:
    """Print one line per stage or block, and with --verbose per worker."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._last = screen, ""

    def __call__(self, event: Event) -> None:
        """Print the event unless it repeats the last line."""
        match event:
            case Step() if self._screen.verbose and event.now:
                self._print(f"{event.line}: {event.now}")
            case Step(line=line) | Note(line=line):
                self._print(line)
            case Timed() if self._screen.verbose:
                self._print(result(event))

    def _print(self, line: str) -> None:
        if line and line != self._last:
            self._screen.progress.print(line, soft_wrap=True, style="dim")
            self._last = line


class Moving:
    """Show a bar per stage, what is running, the last result and the last note."""

    def __init__(self, screen: Screen) -> None:
        self._lines = Lines(screen) if screen.verbose else None
        self._bars = Progress(
            TextColumn("{task.fields[line]}", table_column=Column(no_wrap=True, min_width=14)),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[now]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
            console=screen.progress,
            expand=True,
            speed_estimate_period=_WHOLE_STAGE_SECONDS,
        )
        self._tasks: dict[Stage, TaskID] = {}
        self._result, self._remark = "", ""
        self.live = Live(self._drawn(), console=screen.progress, auto_refresh=False, transient=True)

    def __call__(self, event: Event) -> None:
        """Show the event."""
        if self._lines is not None:
            self._lines(event)
        match event:
            case Step():
                self._step(event)
            case Timed():
                self._result = result(event) or self._result
            case Note(line=line):
                self._remark = line
        self.live.update(self._drawn(), refresh=True)

    def _step(self, step: Step) -> None:
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._bars.add_task("", line="", now="", total=step.total)
        ended = step.done >= step.total
        line = step.line if step.stage is Stage.BLOCKS and not ended else step.stage
        now = "" if ended else step.now or step.line
        self._bars.update(self._tasks[step.stage], completed=step.done, total=step.total, line=line, now=now)

    def _drawn(self) -> Group:
        said = (("last", self._result), ("note", self._remark))
        lines = [Text(f"{name}: {line}", "dim", no_wrap=True, overflow="ellipsis") for name, line in said if line]
        return Group(self._bars, *lines)


def result(event: Timed) -> str:
    """Return the times of a worker in one line; empty for the null implementation."""
    shown = [one for one in event.rounds if one.name != NULL]
    if not shown:
        return ""
    named = names.of(one.cell.problem for one in shown)
    times = (f"{named.work(one.cell.problem)} {notation.duration(process_value(one))}" for one in shown)
    return f"{shown[0].name}: {', '.join(times)}"
