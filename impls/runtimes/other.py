"""What can be said of a library that the project does not know: its version, and the threads of its BLAS and OpenMP."""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from impls import OURS
from impls.runtimes import numpy


@dataclass(frozen=True)
class Other:
    """The runtime of an implementation that names any other library; it runs on the CPU and compiles nothing."""

    library: str

    def devices(self) -> list[str]:
        return ["cpu"]

    def threads(self) -> dict[str, int]:
        return numpy.threads()

    def busy_at_most(self, threads: int) -> int:
        return threads

    def settings(self) -> dict[str, str]:
        return {}

    def asked(self, dtype: str) -> dict[str, str]:
        return {}

    def compilations(self) -> int | None:
        return None

    def compile_seconds(self) -> float | None:
        return None

    def event_clock(self, device: str) -> Callable[[Callable[[], None]], float] | None:
        return None

    def versions(self) -> dict[str, str]:
        return _versions({self.library})


def imported_versions(file: Path) -> dict[str, str]:
    """Return the version of each library that the source in this file imports, by the name of its package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names}
    return _versions(tops - OURS - sys.stdlib_module_names)


def _versions(modules: set[str]) -> dict[str, str]:
    """Return the versions of the packages that provide these modules, as far as any does."""
    if not modules:
        return {}
    packages = importlib.metadata.packages_distributions()
    found = {package for module in modules for package in packages.get(module, [])}
    return {package: importlib.metadata.version(package) for package in sorted(found)}
