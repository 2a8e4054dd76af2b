"""WHAT IS MEASURED. On the command line `python -m bench`; in a notebook `from bench import agree, race`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api import agree, race

__all__ = ["agree", "race"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use when they ask for it: workers import this package before they are pinned."""
    if name in __all__:
        from bench import api  # noqa: PLC0415 - see above

        return vars(api)[name]
    raise AttributeError(f"module 'bench' has no attribute '{name}'")
