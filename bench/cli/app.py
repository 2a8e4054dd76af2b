"""The commands of `python -m bench`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.completion import completion_init  # type: ignore[attr-defined] # public by name, but in no __all__

import impls
from bench.cli.arguments import HOW, OUTPUT, Arguments, Verbosity, among, spread
from bench.cli.completion import SCRIPT, VARIABLE
from bench.commands import compare as comparison
from bench.commands import run as runs
from bench.errors import BadInput, unknown
from bench.machine import doctor
from bench.plan.options import BLOCKS, MINUTES, Options, block_counts, percentage
from bench.process.spawn import exit_on_sigterm
from bench.report.terminal import listing, results
from bench.report.terminal.console import console
from bench.report.terminal.excerpts import show as print_excerpts
from bench.report.views.excerpts import excerpts
from bench.store.comparable import CONDITIONS
from datasets.dataset import Model

BAD_INPUT = 2

app = typer.Typer(
    name="python -m bench",
    help="Four models trained by gradient descent in NumPy, PyTorch and JAX: "
    "checked to agree, then timed, then reported.",
    epilog="Exit codes: 0 everything that could run passed, 1 something failed, 2 bad input or nothing to run.",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", rich_help_panel=OUTPUT, show_default="results/<run>", help="A new or empty folder."),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)]


@app.command(
    epilog="Examples:\n\n"
    "[bold]python -m bench run --quick[/]  a first look\n\n"
    "[bold]python -m bench run -m softmax --batch-size 64 --dtype float64[/]\n\n"
    "[bold]python -m bench run -d my.csv --target price -i numpy_manual -i mine.py:Mine[/]\n\n"
    "[bold]python -m bench run -d digits --json > result.json[/]"
)
@spread
def run(
    context: typer.Context,
    *,
    arguments: Arguments,
    blocks: Annotated[
        int | None,
        typer.Option(
            metavar="N", rich_help_panel=HOW, show_default=f"{BLOCKS}; 1 with --quick",
            help="How many times each implementation is timed, each time in a fresh process.",
        ),
    ] = None,
    max_blocks: Annotated[
        int | None,
        typer.Option(
            metavar="N", rich_help_panel=HOW, show_default="as --blocks",
            help="Keep adding ten blocks, up to N in total, while any interval is wider than ±3 %.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", rich_help_panel=HOW, show_default=False,
            help="Add ten blocks at a time until no interval is wider than ±PERCENT, such as 2%, or the time given by "
            "--minutes is up.",
        ),
    ] = None,
    minutes: Annotated[
        int,
        typer.Option(metavar="N", rich_help_panel=HOW, help="With --precision, add no more blocks after this long."),
    ] = MINUTES,
    quick: Annotated[
        bool, typer.Option("--quick", rich_help_panel=HOW, help="A first look: times only, no ratios.")
    ] = False,
    out: Out = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", rich_help_panel=OUTPUT, show_default=False, help="Resume a stopped run."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", rich_help_panel=OUTPUT, help="Run even if another run is using this machine.")
    ] = False,
    verbosity: Verbosity,
) -> None:  # fmt: skip
    """Check that all implementations agree, time those that do, and write a report.

    Every combination of the given names is a cell: an implementation on a
    dataset, device, dtype and batch size.
    """
    screen = verbosity.screen()
    if resume is not None:
        _check_resumed_alone(context)
        raise typer.Exit(runs.resume(resume, screen, force=force))
    share = None if precision is None else percentage("--precision", precision)
    counts = block_counts(blocks, max_blocks, quick=quick, precision=share)
    options = Options(**arguments.given(), **counts, minutes=minutes, out=out)
    raise typer.Exit(runs.run(options, context.obj, screen, force=force))


def _check_resumed_alone(context: typer.Context) -> None:
    names = {parameter.name: parameter.opts[-1] for parameter in context.command.params}
    for name, source in ((name, context.get_parameter_source(name)) for name in context.params):
        given = source is not None and source.name == "COMMANDLINE"
        if given and name not in ("resume", "force", "quiet", "verbose", "json"):
            raise BadInput(f"--resume takes all options from the run: leave out {names[name]}")


@app.command(
    epilog="Examples:\n\n"
    "[bold]python -m bench agree[/]\n\n"
    "[bold]python -m bench agree -i mine.py:Mine --dtype float32 --dtype float64[/]"
)
@spread
def agree(
    context: typer.Context,
    *,
    arguments: Arguments,
    out: Out = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", rich_help_panel=OUTPUT, help="Explain each failed check: what it tests, and usual causes."
        ),
    ] = False,
    verbosity: Verbosity,
) -> None:
    """Check that all implementations agree with the reference and with each other, without timing."""
    options = Options(**arguments.given(), out=out)
    raise typer.Exit(runs.agree(options, context.obj, verbosity.screen(), explain=explain))


@app.command(epilog="Example:\n\n[bold]python -m bench report results/20260102-030405-abc123[/]")
@spread
def report(run: Run, *, verbosity: Verbosity) -> None:
    """Rebuild the tables and reports of a run from its raw rows."""
    raise typer.Exit(runs.report(run, verbosity.screen()))


@app.command(
    epilog="Examples:\n\n"
    "[bold]python -m bench compare results/20260102-030405-abc123 results/20260103-030405-def456[/]\n\n"
    "[bold]python -m bench compare OLD NEW --across versions --out changes[/]  after a new release of a library\n\n"
    "[bold]python -m bench compare OLD NEW --fail-slower 5%[/]  for CI: exit code 1 if a cell is slower"
)
@spread
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The older run's folder.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The newer run's folder.", show_default=False)],
    *,
    across: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION", show_default="all must be the same", autocompletion=among(CONDITIONS),
            help=f"Compare even if CONDITION ({' or '.join(CONDITIONS)}) differs, and report it. Can be given twice.",
        ),
    ] = None,
    absolute: Annotated[
        bool,
        typer.Option("--absolute", help="Compare times, not ratios. Only for a machine that nothing else disturbs."),
    ] = False,
    fail_slower: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", show_default=False,
            help="Exit 1 if a cell is certainly slower by more than this, or no longer has a time in NEW.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", rich_help_panel=OUTPUT, show_default="nothing is written",
            help="A new or empty folder for comparison.md and comparison.csv.",
        ),
    ] = None,
    verbosity: Verbosity,
) -> None:  # fmt: skip
    """Compare two runs cell by cell.

    Ratios to the baseline are compared, so a machine that is slower
    today does not count as a change.
    """
    for condition in across or ():
        if condition not in CONDITIONS:
            raise unknown("condition", condition, CONDITIONS)
    code = comparison.compare(
        old, new, verbosity.screen(), across=across or (), absolute=absolute, fail_slower=fail_slower, out=out
    )
    raise typer.Exit(code)


@app.command(epilog="Example:\n\n[bold]python -m bench history results/2026* --out history[/]")
@spread
def history(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The runs' folders.", show_default=False)],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", rich_help_panel=OUTPUT, show_default="nothing is written",
            help="A new or empty folder for history.md, history.csv and history.svg.",
        ),
    ] = None,
    verbosity: Verbosity,
) -> None:  # fmt: skip
    """Show each cell over several runs."""
    raise typer.Exit(comparison.history(runs, verbosity.screen(), out=out))


@app.command(
    epilog="Examples:\n\n[bold]python -m bench show softmax[/]\n\n"
    "[bold]python -m bench show logistic -i numpy_manual -i jax_grad[/]"
)
def show(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help=" or ".join(Model), show_default=False, autocompletion=among(Model)),
    ],
    implementations: Annotated[
        list[str] | None,
        typer.Option(
            "--implementation", "-i", metavar="NAME", show_default="the four", autocompletion=among(impls.TABLE),
            help="Only this one; can be given several times.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Print the source of one model in each implementation, side by side if the terminal is wide enough."""
    print_excerpts(console(), excerpts(model, implementations or ()))


@app.command("list")
def list_() -> None:
    """Print the names of datasets, implementations, models and devices."""
    listing.print_all()


@app.command("doctor")
def doctor_() -> None:
    """Print what would disturb a run on this machine, and what to do about it."""
    results.conditions(doctor.findings(doctor.look()))


@app.command(epilog="Example:\n\n[bold]source <(python -m bench completion)[/]")
def completion() -> None:
    """Print the bash completion script for commands, options and names."""
    console().print(SCRIPT, soft_wrap=True)


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0, 1, 2 with one line on stderr, or 130 after Ctrl-C.

    SIGTERM raises SystemExit(143), so that workers and temporary folders are removed on the way out.
    """
    exit_on_sigterm()
    completion_init()
    command = f"python -m bench {shlex.join(arguments)}"
    try:
        code: int | None = app(
            list(arguments) or ["--help"],
            "python -m bench",
            standalone_mode=False,
            obj=command,
            complete_var=VARIABLE,
        )
    except BadInput as error:
        results.error(str(error))
        return BAD_INPUT
    except typer.TyperException as error:
        results.error(f"{error.format_message().rstrip('.')}; see python -m bench --help")
        return BAD_INPUT
    return code or 0
