"""What each library tells of itself, under the same names; an implementation names its runtime.

Only a worker imports a runtime, since doing so imports the library.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast


class Runtime(Protocol):
    """The functions that each module of this package has."""

    def devices(self) -> list[str]:
        """Return the devices that the library can use here and now: "cpu", "cuda:0"."""
        ...

    def threads(self) -> dict[str, int]:
        """Return the live number of threads of each of the library's pools."""
        ...

    def precision(self) -> dict[str, str]:
        """Return the settings that change the precision of arithmetic."""
        ...

    def versions(self) -> dict[str, str]:
        """Return the versions of the library and of what computes for it."""
        ...


def load(name: str) -> Runtime:
    """Import and return the runtime of this name: numpy, torch or jax."""
    return cast(Runtime, importlib.import_module(f"impls.runtimes.{name}"))
