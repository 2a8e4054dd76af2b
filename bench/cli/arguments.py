"""The command line's arguments that commands share, declared once, and the decorator that gives them to Typer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeGuard, get_type_hints

import typer

import impls
from bench.plan.devices import DEVICE_KINDS
from bench.plan.options import EPOCHS, FULL
from bench.plan.sweep import AXES
from bench.report.terminal.console import Screen, screen
from bench.store.cell import CPU
from datasets import DATASETS
from datasets.dataset import DEFAULT_DTYPE, DTYPES, Model
from impls.protocol import Feed

WHAT, HOW, OUTPUT = "What (each can be given several times)", "How", "Output"


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each parameter that is a dataclass replaced by that dataclass's fields.

    Typer makes an option of each parameter of a function, and knows no groups of them.
    """
    taken = inspect.signature(command, eval_str=True).parameters.values()
    groups = {one.name: one.annotation for one in taken if _is_group(one.annotation)}
    parameters = [one for each in taken for one in (_options(groups[each.name]) if each.name in groups else [each])]

    def called(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    vars(called)["__signature__"] = inspect.Signature(parameters)
    return called


def _is_group(annotation: Any) -> TypeGuard[type[Any]]:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _options(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(group)
    ]


def among(known: Iterable[str]) -> Callable[[str], Sequence[str]]:
    """Return what completes a word to one of these names."""
    names = tuple(known)

    def complete(incomplete: str) -> Sequence[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


@dataclass(frozen=True)
class Arguments:
    """What `run` and `agree` both take; the names are those of `bench.plan.options.Options`."""

    implementations: Annotated[
        list[str] | None,
        typer.Option(
            "--implementation", "-i", metavar="NAME", rich_help_panel=WHAT, show_default="the four",
            autocompletion=among(impls.TABLE),
            help="A name of the table, or of a role (four, tuned, yardstick), or your own: "
            "[bold]path/to/file.py:Class[/] or [bold]module:Class[/].",
        ),
    ] = None  # fmt: skip
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", metavar="NAME", rich_help_panel=WHAT, show_default="all", autocompletion=among(Model),
            help="Only this model; for a file of yours, the model to read it for.",
        ),
    ] = None  # fmt: skip
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", rich_help_panel=WHAT, show_default="one of each model",
            autocompletion=among(DATASETS),
            help="A name of the table, a path to a .csv or .npz file, [bold]synthetic:softmax,n=1000,d=8,k=3[/], "
            "or a folder whose x.npy and y.npy are too large for the memory.",
        ),
    ] = None  # fmt: skip
    devices: Annotated[
        list[str] | None,
        typer.Option(
            "--device", metavar="KIND", rich_help_panel=WHAT, show_default=CPU, autocompletion=among(DEVICE_KINDS),
            help="cpu, cuda, mps, xpu or tpu; the second is cuda:1.",
        ),
    ] = None  # fmt: skip
    dtypes: Annotated[
        list[str] | None,
        typer.Option(
            "--dtype", metavar="NAME", rich_help_panel=WHAT, show_default=DEFAULT_DTYPE, autocompletion=among(DTYPES),
            help=f"{' or '.join(DTYPES)}.",
        ),
    ] = None  # fmt: skip
    batch_sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--batch-size", metavar="ROWS", rich_help_panel=WHAT, show_default=FULL,
            help=f"Rows in a batch, or {FULL} for all.",
        ),
    ] = None  # fmt: skip
    feeds: Annotated[
        list[str] | None,
        typer.Option(
            "--feed", metavar="WHENCE", rich_help_panel=WHAT, show_default=Feed.DEVICE.value,
            autocompletion=among(Feed),
            help="device: all rows lie there; host: each batch is brought to it, on the clock.",
        ),
    ] = None  # fmt: skip
    sweeps: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", metavar="AXIS=FROM:TO", rich_help_panel=WHAT, show_default=False,
            help=f"Drawn data of sizes in geometric steps, in place of --dataset: {', '.join(AXES)}.",
        ),
    ] = None  # fmt: skip
    shuffle: Annotated[
        bool, typer.Option("--shuffle", rich_help_panel=HOW, help="A new order of the rows every epoch.")
    ] = False
    drop_last: Annotated[
        bool, typer.Option("--drop-last", rich_help_panel=HOW, help="Leave out a short last batch.")
    ] = False
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", rich_help_panel=HOW, show_default="the dataset's own", help="The step size, for all."
        ),
    ] = None
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", rich_help_panel=HOW, help="The column of your .csv that is to be learnt."),
    ] = None
    raw: Annotated[
        bool, typer.Option("--raw", rich_help_panel=HOW, help="Leave the features of your file as they are.")
    ] = False
    threads: Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Threads of each worker.")] = 1
    epochs: Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Epochs of the agreement run.")] = EPOCHS
    seed: Annotated[
        int, typer.Option(metavar="N", rich_help_panel=HOW, help="Of starts, row orders and block orders.")
    ] = 0

    def given(self) -> dict[str, Any]:
        """Return the fields by name, as `bench.plan.options.Options` takes them; lists as tuples, or empty."""
        lists = ("implementations", "models", "datasets", "devices", "dtypes", "batch_sizes", "feeds", "sweeps")
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return found | {name: tuple(found[name] or ()) for name in lists}


@dataclass(frozen=True)
class Verbosity:
    """How much a command prints, and where."""

    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Print verdicts and failures, nothing else.")
    ] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", rich_help_panel=OUTPUT, help="Print every worker and every check.")
    ] = False
    json: Annotated[
        bool,
        typer.Option("--json", rich_help_panel=OUTPUT, help="Print the result as JSON on stdout, the rest on stderr."),
    ] = False

    def screen(self) -> Screen:
        """Return where a command prints that was given these options."""
        return screen(quiet=self.quiet, verbose=self.verbose, json=self.json)
