"""The benchmark: `python -m bench` on the command line, `from bench import agree, race` in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api import agree, race

__all__ = ["agree", "race"]


def __getattr__(name: str) -> Any:
    """Import `agree` and `race` on request only: a worker imports this package before it is pinned to a processor."""
    if name in __all__:
        from bench import api  # noqa: PLC0415 - see above

        return vars(api)[name]
    raise AttributeError(f"module 'bench' has no attribute '{name}'")
