"""What each library tells of itself, under the same names; an implementation names its runtime.

Only a worker imports a runtime, since doing so imports the library.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast, runtime_checkable


@runtime_checkable
class Runtime(Protocol):
    """The functions that each module of this package has."""

    def devices(self) -> list[str]:
        """Return the devices that the library can use here and now: "cpu", "cuda:0"."""
        ...

    def threads(self) -> dict[str, int]:
        """Return the live number of threads of each of the library's pools."""
        ...

    def busy_at_most(self, threads: int) -> int:
        """Return how many threads may use the processor when `threads` of them may compute."""
        ...

    def settings(self) -> dict[str, str]:
        """Return the settings that change results or times: precision of arithmetic, denormals, compile caches."""
        ...

    def asked(self, dtype: str) -> dict[str, str]:
        """Return what `settings` must say while cells of this dtype are timed, for the settings that matter."""
        ...

    def compilations(self) -> int | None:
        """Return how much the library has compiled in this process so far; None where it does not tell."""
        ...

    def compile_seconds(self) -> float | None:
        """Return the seconds of tracing and compiling in this process so far; None where there is nothing to tell."""
        ...

    def event_clock(self, device: str) -> Callable[[Callable[[], None]], float] | None:
        """Return what does some work and gives the seconds between two events that the device itself puts around it.

        The gaps in which the device waits for its next launch are in them. None where the library has no such events in
        public, or has them not for this device.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Return the versions of the library and of what computes for it."""
        ...


def load(name: str) -> Runtime:
    """Import and return the runtime of this name: a module of this package."""
    return cast(Runtime, importlib.import_module(f"impls.runtimes.{name}"))
