"""Options shared by several commands, declared once, and the decorator that passes them to Typer."""

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
    """Replace each dataclass parameter of a command by the fields of that dataclass.

    Typer makes one option per function parameter, and does not support such groups of options.
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
    """Return a completer for these names."""
    names = tuple(known)

    def complete(incomplete: str) -> Sequence[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


@dataclass(frozen=True)
class Arguments:
    """The options that `run` and `agree` share, named as in `bench.plan.options.Options`."""

    implementations: Annotated[
        list[str] | None,
        typer.Option(
            "--implementation", "-i", metavar="NAME", rich_help_panel=WHAT, show_default="the four",
            autocompletion=among(impls.TABLE),
            help="A built-in name (see [bold]list[/]), a group (four, tuned, yardstick), or your own: "
            "[bold]path/to/file.py:Class[/] or [bold]module:Class[/].",
        ),
    ] = None  # fmt: skip
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", metavar="NAME", rich_help_panel=WHAT, show_default="all", autocompletion=among(Model),
            help="Only this model. For your own data file: the model to fit to it.",
        ),
    ] = None  # fmt: skip
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", rich_help_panel=WHAT, show_default="one of each model",
            autocompletion=among(DATASETS),
            help="A built-in name, a .csv or .npz file, [bold]synthetic:softmax,n=1000,d=8,k=3[/], "
            "or a folder with x.npy and y.npy, for data larger than RAM.",
        ),
    ] = None  # fmt: skip
    devices: Annotated[
        list[str] | None,
        typer.Option(
            "--device", metavar="KIND", rich_help_panel=WHAT, show_default=CPU, autocompletion=among(DEVICE_KINDS),
            help="cpu, cuda, mps, xpu or tpu; cuda:1 is the second one.",
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
            help=f"Rows per batch, or {FULL} for all.",
        ),
    ] = None  # fmt: skip
    feeds: Annotated[
        list[str] | None,
        typer.Option(
            "--feed", metavar="WHERE", rich_help_panel=WHAT, show_default=Feed.DEVICE.value,
            autocompletion=among(Feed),
            help="device: all rows are on the device before timing; host: moving each batch there is timed too.",
        ),
    ] = None  # fmt: skip
    sweeps: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", metavar="AXIS=FROM:TO", rich_help_panel=WHAT, show_default=False,
            help="Instead of --dataset, use synthetic data with n rows, d features and k classes, and vary AXIS "
            f"({', '.join(AXES[:-1])} or {AXES[-1]}) in geometric steps.",
        ),
    ] = None  # fmt: skip
    shuffle: Annotated[bool, typer.Option("--shuffle", rich_help_panel=HOW, help="Shuffle the rows every epoch.")] = (
        False
    )
    drop_last: Annotated[
        bool, typer.Option("--drop-last", rich_help_panel=HOW, help="Leave out a short last batch.")
    ] = False
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            rich_help_panel=HOW,
            show_default="the dataset's own",
            help="The learning rate for all datasets.",
        ),
    ] = None
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", rich_help_panel=HOW, help="The column of your .csv to predict."),
    ] = None
    raw: Annotated[
        bool, typer.Option("--raw", rich_help_panel=HOW, help="Do not standardise the features of your file.")
    ] = False
    threads: Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Threads per worker.")] = 1
    epochs: Annotated[int, typer.Option(metavar="N", rich_help_panel=HOW, help="Epochs to train in the check.")] = (
        EPOCHS
    )
    seed: Annotated[
        int, typer.Option(metavar="N", rich_help_panel=HOW, help="Seed for initial weights, shuffling and block order.")
    ] = 0

    def given(self) -> dict[str, Any]:
        """Return the fields by name, as `bench.plan.options.Options` takes them, with lists as tuples."""
        lists = ("implementations", "models", "datasets", "devices", "dtypes", "batch_sizes", "feeds", "sweeps")
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return found | {name: tuple(found[name] or ()) for name in lists}


@dataclass(frozen=True)
class Verbosity:
    """How much a command prints, and where."""

    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Print only verdicts and failures.")
    ] = False
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", rich_help_panel=OUTPUT, help="Print a line for every worker and every check."),
    ] = False
    json: Annotated[
        bool,
        typer.Option(
            "--json", rich_help_panel=OUTPUT, help="Print the result as JSON on stdout, everything else on stderr."
        ),
    ] = False

    def screen(self) -> Screen:
        """Return the screen that a command with these options prints to."""
        return screen(quiet=self.quiet, verbose=self.verbose, json=self.json)
