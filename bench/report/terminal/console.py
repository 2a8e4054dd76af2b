"""The consoles a command prints to, depending on --quiet, --verbose and --json; rich reads NO_COLOR itself."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True)
class Screen:
    """Three consoles, some of them possibly silent.

    verdicts  results in words, and failures: on stdout, with --json on stderr
    details   machine, tables and paths: on the same stream, silent with --quiet
    progress  progress: on stderr, silent with --quiet
    """

    verdicts: Console
    details: Console
    progress: Console
    verbose: bool = False
    json: bool = False


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console that prints plain text, without markup."""
    return Console(highlight=False, markup=False, emoji=False, stderr=stderr, quiet=quiet)


def screen(*, quiet: bool = False, verbose: bool = False, json: bool = False) -> Screen:
    """Return the screen of a command with these options."""
    return Screen(
        verdicts=console(stderr=json),
        details=console(stderr=json, quiet=quiet),
        progress=console(stderr=True, quiet=quiet),
        verbose=verbose,
        json=json,
    )
