"""Where a command prints, by --quiet, --verbose and --json; NO_COLOR and FORCE_COLOR are rich's own."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True)
class Screen:
    """Three consoles, of which some may be silent.

    verdicts  the result in words, and what went wrong: on stdout, with --json on stderr
    details   machine, tables and paths: there too, silent with --quiet
    progress  what goes on: on stderr, silent with --quiet
    """

    verdicts: Console
    details: Console
    progress: Console
    verbose: bool = False
    json: bool = False


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console that prints text as it is, without markup."""
    return Console(highlight=False, markup=False, emoji=False, stderr=stderr, quiet=quiet)


def screen(*, quiet: bool = False, verbose: bool = False, json: bool = False) -> Screen:
    """Return the screen of a command that was given these options."""
    return Screen(
        verdicts=console(stderr=json),
        details=console(stderr=json, quiet=quiet),
        progress=console(stderr=True, quiet=quiet),
        verbose=verbose,
        json=json,
    )
