"""What each library reports about itself (devices, threads, settings), behind one interface.

An implementation names its runtime, or brings one along. Only a worker imports one, since that imports the library.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Protocol, cast, runtime_checkable


@runtime_checkable
class Runtime(Protocol):
    """The functions that each module of this package provides, and any object that an implementation brings along."""

    def devices(self) -> list[str]:
        """Return the devices that the library can use now: "cpu", "cuda:0"."""
        ...

    def threads(self) -> dict[str, int]:
        """Return the current number of threads in each of the library's pools."""
        ...

    def busy_at_most(self, threads: int) -> int:
        """Return how many threads may use a processor when `threads` of them compute."""
        ...

    def settings(self) -> dict[str, str]:
        """Return the settings that change results or times: precision of arithmetic, denormals, compile caches."""
        ...

    def asked(self, dtype: str) -> dict[str, str]:
        """Return the values that `settings` must have while this dtype is timed, for the settings that matter."""
        ...

    def compilations(self) -> int | None:
        """Return the number of compilations in this process so far; None if the library does not report it."""
        ...

    def compile_seconds(self) -> float | None:
        """Return the seconds of tracing and compiling in this process so far; None if not reported."""
        ...

    def event_clock(self, device: str) -> Callable[[Callable[[], None]], float] | None:
        """Return a function that does some work and returns the seconds between two device events around it.

        They include the gaps in which the device waits for its next launch. None if the library has no public
        events for this device.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Return the versions of the library and of the libraries that compute for it."""
        ...


# The libraries that a module of this package knows.
KNOWN = frozenset(module.name for module in pkgutil.iter_modules(__path__)) - {"other"}


def load(named: object) -> Runtime:
    """Return the runtime that an implementation names or brings along; a library that is not known gets a plain one."""
    if not isinstance(named, str):
        return cast(Runtime, named)
    if named in KNOWN:
        return cast(Runtime, importlib.import_module(f"impls.runtimes.{named}"))
    from impls.runtimes.other import Other  # noqa: PLC0415 - only outside implementations need it

    return Other(named)
