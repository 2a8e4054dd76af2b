"""The command line, `python -m bench`: options in, an exit code out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench import doctor
from bench import run as runs
from bench.errors import BadInput
from bench.plan import BLOCKS, DTYPES, EPOCHS, FULL, Options
from bench.report import terminal
from bench.workers import exit_on_sigterm

BAD_INPUT = 2

app = typer.Typer(
    name="python -m bench",
    help="Four models trained by gradient descent in NumPy, PyTorch and JAX: "
    "first checked to agree, then timed, then reported.",
    epilog="Exit codes: 0 every cell is fine, 1 some cell is not, 2 bad input or nothing to run.",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

WHAT, HOW, OUTPUT = "What (each can be given several times)", "How", "Output"

Implementations = Annotated[
    list[str] | None,
    typer.Option(
        "--implementation", "-i", metavar="NAME", rich_help_panel=WHAT, show_default="all in the table",
        help="A name of the table, or your own: [bold]path/to/file.py:Class[/] or [bold]module:Class[/].",
    ),
]  # fmt: skip
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model", "-m", metavar="NAME", rich_help_panel=WHAT, show_default="all",
        help="Only this model; for a file of yours, the model to read it for.",
    ),
]  # fmt: skip
Datasets = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset", "-d", metavar="NAME", rich_help_panel=WHAT, show_default="one of each model",
        help="A name of the table, a path to a .csv or .npz file, or [bold]synthetic:softmax,n=1000,d=8,k=3[/].",
    ),
]  # fmt: skip
Devices = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND",
        rich_help_panel=WHAT,
        show_default="cpu",
        help="cpu, cuda, mps, xpu or tpu; the second is cuda:1.",
    ),
]
Dtypes = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", rich_help_panel=WHAT, show_default=DTYPES[0], help=f"{' or '.join(DTYPES)}."),
]
BatchSizes = Annotated[
    list[str] | None,
    typer.Option(metavar="ROWS", rich_help_panel=WHAT, show_default=FULL, help=f"Rows in a batch, or {FULL} for all."),
]
Shuffle = Annotated[bool, typer.Option("--shuffle", rich_help_panel=HOW, help="A new order of the rows every epoch.")]
DropLast = Annotated[bool, typer.Option("--drop-last", rich_help_panel=HOW, help="Leave out a short last batch.")]
LearningRate = Annotated[
    float | None,
    typer.Option(metavar="RATE", rich_help_panel=HOW, show_default="the dataset's own", help="The step size, for all."),
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", rich_help_panel=HOW, help="The column of your .csv that is to be learnt."),
]
RawFeatures = Annotated[
    bool, typer.Option("--raw", rich_help_panel=HOW, help="Leave the features of your file as they are.")
]
Seed = Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Of starts, row orders and block orders.")]
Epochs = Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Epochs of the agreement run.")]
Threads = Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Threads of each worker.")]
Blocks = Annotated[
    int | None,
    typer.Option(
        metavar="N", rich_help_panel=HOW, show_default=f"{BLOCKS}, with --quick 1",
        help="How often each implementation is timed, each time in a fresh process.",
    ),
]  # fmt: skip
MaxBlocks = Annotated[
    int | None,
    typer.Option(
        metavar="N", rich_help_panel=HOW, show_default="as --blocks",
        help="Add blocks in tens up to so many, while an interval is wider than 3 %.",
    ),
]  # fmt: skip
Quick = Annotated[bool, typer.Option("--quick", rich_help_panel=HOW, help="A first look: times, and no comparison.")]
Explain = Annotated[
    bool, typer.Option("--explain", rich_help_panel=OUTPUT, help="Say of each failed check what it tests, and why.")
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", rich_help_panel=OUTPUT, show_default="results/<run>", help="A new or empty folder."),
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="RUN", rich_help_panel=OUTPUT, show_default=False, help="Go on with a run that was stopped."),
]
Force = Annotated[
    bool, typer.Option("--force", rich_help_panel=OUTPUT, help="Run even while another run is going on here.")
]


@app.command(
    epilog="Examples:\n\n"
    "[bold]python -m bench run --quick[/]  a first look at everything\n\n"
    "[bold]python -m bench run -m softmax --batch-size 64 --dtype float64[/]\n\n"
    "[bold]python -m bench run -d my.csv --target price -i numpy_manual -i mine.py:Mine[/]"
)
def run(
    context: typer.Context,
    *,
    implementation: Implementations = None,
    model: Models = None,
    dataset: Datasets = None,
    device: Devices = None,
    dtype: Dtypes = None,
    batch_size: BatchSizes = None,
    shuffle: Shuffle = False,
    drop_last: DropLast = False,
    learning_rate: LearningRate = None,
    target: Target = None,
    raw: RawFeatures = False,
    threads: Threads = 1,
    blocks: Blocks = None,
    max_blocks: MaxBlocks = None,
    epochs: Epochs = EPOCHS,
    seed: Seed = 0,
    quick: Quick = False,
    out: Out = None,
    resume: Resume = None,
    force: Force = False,
) -> None:
    """Check that all agree, time those that do, and write a report.

    Each combination of what is named is a cell: an implementation on a
    dataset, device, dtype and batch size.
    """
    if resume is not None:
        _check_resumed_alone(context)
        raise typer.Exit(runs.resume(resume, force=force))
    number = (1 if quick else BLOCKS) if blocks is None else blocks
    options = Options(
        implementations=tuple(implementation or ()),
        models=tuple(model or ()),
        datasets=tuple(dataset or ()),
        devices=tuple(device or ()),
        dtypes=tuple(dtype or ()),
        batch_sizes=tuple(batch_size or ()),
        shuffle=shuffle,
        drop_last=drop_last,
        learning_rate=learning_rate,
        target=target,
        raw=raw,
        threads=threads,
        blocks=number,
        max_blocks=number if max_blocks is None else max_blocks,
        epochs=epochs,
        seed=seed,
        quick=quick,
        out=out,
    )
    raise typer.Exit(runs.run(options, context.obj, force=force))


def _check_resumed_alone(context: typer.Context) -> None:
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in ("resume", "force") and source is not None and source.name == "COMMANDLINE":
            raise BadInput(f"--resume takes every option from the run: leave out --{name.replace('_', '-')}")


@app.command(
    epilog="Examples:\n\n"
    "[bold]python -m bench agree[/]\n\n"
    "[bold]python -m bench agree -i mine.py:Mine --dtype float32 --dtype float64[/]"
)
def agree(
    context: typer.Context,
    *,
    implementation: Implementations = None,
    model: Models = None,
    dataset: Datasets = None,
    device: Devices = None,
    dtype: Dtypes = None,
    batch_size: BatchSizes = None,
    shuffle: Shuffle = False,
    drop_last: DropLast = False,
    learning_rate: LearningRate = None,
    target: Target = None,
    raw: RawFeatures = False,
    threads: Threads = 1,
    epochs: Epochs = EPOCHS,
    seed: Seed = 0,
    out: Out = None,
    explain: Explain = False,
) -> None:
    """Check that all agree with the reference and with each other, and time nothing."""
    options = Options(
        implementations=tuple(implementation or ()),
        models=tuple(model or ()),
        datasets=tuple(dataset or ()),
        devices=tuple(device or ()),
        dtypes=tuple(dtype or ()),
        batch_sizes=tuple(batch_size or ()),
        shuffle=shuffle,
        drop_last=drop_last,
        learning_rate=learning_rate,
        target=target,
        raw=raw,
        threads=threads,
        epochs=epochs,
        seed=seed,
        out=out,
    )
    raise typer.Exit(runs.agree(options, context.obj, explain=explain))


@app.command("list")
def list_() -> None:
    """Print what can be named: datasets, implementations, models and devices."""
    terminal.lists()


@app.command("doctor")
def doctor_() -> None:
    """Print what would disturb a run here and what to do, and change nothing."""
    terminal.conditions(doctor.findings(doctor.look()))


@app.command(epilog="Example:\n\n[bold]python -m bench report results/20260102-030405-abc123[/]")
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
) -> None:
    """Remake every table of a run from its raw rows."""
    raise typer.Exit(runs.report(run))


def main(arguments: Sequence[str]) -> int:
    """Return the exit code of these arguments: 0, 1, 2 after one line on stderr, or 130 after Ctrl-C.

    SIGTERM raises SystemExit(143), so that every worker and temporary folder is cleared away on the way out.
    """
    exit_on_sigterm()
    command = f"python -m bench {shlex.join(arguments)}"
    try:
        code: int | None = app(list(arguments) or ["--help"], "python -m bench", standalone_mode=False, obj=command)
    except BadInput as error:
        terminal.error(str(error))
        return BAD_INPUT
    except typer.TyperException as error:
        terminal.error(f"{error.format_message().rstrip('.')}; see python -m bench --help")
        return BAD_INPUT
    return code or 0
