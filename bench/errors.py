"""Errors for bad input: one line that names the input, the reason and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(Exception):
    """The user asked for something that cannot be done; `python -m bench` prints this and exits with 2."""


def unknown(what: str, name: str, known: Iterable[str]) -> BadInput:
    """Return the error for an unknown name, suggesting the closest known ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(names)}"
    return BadInput(f"unknown {what} '{name}': {remedy}")
