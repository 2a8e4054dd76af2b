"""The table of implementations, and how to load one of them.

Importing this package imports none of the libraries that the implementations use.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import cast

from impls.protocol import Implementation, Trainer
from impls.runtimes import Runtime


class Role(StrEnum):
    """What an implementation is in the comparison; the name of a role selects all its implementations."""

    FOUR = "four"  # what a good user of its library writes; run by default
    TUNED = "tuned"  # the same models with the library at its best
    YARDSTICK = "yardstick"  # the off-the-shelf choice


@dataclass(frozen=True)
class Row:
    """What is known about an implementation without importing its library.

    target    "module:Class", or "path/to/file.py:Class" for one outside the repository
    requires  the library that it needs; empty if only its own module knows
    devices   the kinds of device that it can use; empty if only its runtime knows
    role      what it is in the comparison; an outside implementation is treated like the four
    compiler  whether its library calls the system's C++ compiler
    resident  whether it needs all rows on its device, so that it cannot be fed from the host or from disk
    """

    name: str
    target: str
    requires: str = ""
    devices: frozenset[str] = frozenset()
    role: Role = Role.FOUR
    compiler: bool = False
    resident: bool = False


_TORCH = frozenset({"cpu", "cuda", "mps", "xpu"})
_JAX = frozenset({"cpu", "cuda", "tpu"})

TABLE: dict[str, Row] = {
    row.name: row
    for row in (
        Row("numpy_manual", "impls.numpy_manual:NumpyManual", "numpy", frozenset({"cpu"})),
        Row("torch_autograd", "impls.torch_autograd:TorchAutograd", "torch", _TORCH),
        Row("torch_nn", "impls.torch_nn:TorchNN", "torch", _TORCH),
        Row("jax_grad", "impls.jax_grad:JaxGrad", "jax", _JAX),
        Row("numpy_blocked", "impls.numpy_blocked:NumpyBlocked", "numpy", frozenset({"cpu"}), Role.TUNED),
        Row(
            "torch_compile",
            "impls.torch_compile:TorchCompile",
            "torch",
            frozenset({"cpu", "cuda"}),
            Role.TUNED,
            compiler=True,
            resident=True,
        ),
        Row("jax_scan", "impls.jax_scan:JaxScan", "jax", _JAX, Role.TUNED, resident=True),
        Row(
            "scikit_learn",
            "impls.yardsticks.scikit_learn:ScikitLearn",
            "sklearn",
            frozenset({"cpu"}),
            Role.YARDSTICK,
            resident=True,
        ),
    )
}

# The default implementations.
FOUR = tuple(name for name, row in TABLE.items() if row.role is Role.FOUR)

# Every ratio is relative to the time of this implementation on the CPU.
BASELINE = "numpy_manual"


# The packages of this repository.
OURS = frozenset({"bench", "datasets", "impls"})


class Unavailable(Exception):
    """The implementation cannot run here, for the reason given; its library is not installed, for example."""


class Unusable(Exception):
    """The name does not refer to an implementation, for the reason given."""


def named(name: str) -> tuple[str, ...]:
    """Return the implementations that a name stands for: those of a role, or the name itself."""
    return tuple(each for each, row in TABLE.items() if row.role == name) or (name,)


def row(name: str) -> Row | None:
    """Return the row of a name in the table, or a new row for an outside target; otherwise None."""
    return TABLE.get(name) or (Row(name, name) if ":" in name else None)


def load(name: str) -> Implementation:
    """Import and return the implementation of this name or target.

    Raises Unavailable if the library or compiler that its row requires is missing, and Unusable if the
    target names no file, module or class, a class that lacks a method or its runtime, or a file that imports
    a module whose name is taken here. Any other import error is a fault of the implementation and propagates.
    """
    found = row(name)
    if found is None:
        raise Unusable(f"'{name}' is not a built-in name; name your own implementation as path/to/file.py:Class")
    if found.compiler and shutil.which("clang++" if sys.platform == "darwin" else "g++") is None:
        raise Unavailable("needs a C++ compiler")
    place, _, attribute = found.target.rpartition(":")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        if found.requires and error.name == found.requires:
            raise Unavailable(f"needs {found.requires}") from error
        if error.name is not None and (place == error.name or place.startswith(error.name + ".")):
            raise Unusable(f"there is no module '{error.name}'") from error
        raise
    if attribute not in vars(module):
        raise Unusable(f"{place} has no '{attribute}'")
    candidate = vars(module)[attribute]
    _check_verbs(candidate, name)
    return cast(Implementation, candidate)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise Unusable(f"there is no file '{path}'")
    name = f"outside_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)  # last, so that no module beside the file takes the place of another
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        taken = (error.name or "").partition(".")[0]
        if taken in OURS:
            why = f"'{taken}' is a package of this benchmark, so another module cannot have that name: rename yours"
            raise Unusable(f"{error}: {why}") from error
        raise
    return module


def _check_verbs(candidate: object, name: str) -> None:
    if not isinstance(candidate, type):
        raise Unusable(f"{name} is not a class")
    verbs = [verb for verb in vars(Trainer) if not verb.startswith("_")]
    if not issubclass(candidate, Trainer):
        missing = ", ".join(verb for verb in verbs if verb not in dir(candidate))
        raise Unusable(f"{name} lacks the method {missing}: see impls/protocol.py")
    runtime = getattr(candidate, "runtime", None)
    if runtime is None:
        raise Unusable(f"{name} lacks the attribute runtime: the name of the library that computes, such as 'numpy'")
    if not isinstance(runtime, str | Runtime):
        what = "must be the name of a library, or an object with the functions of impls.runtimes.Runtime"
        raise Unusable(f"{name}.runtime {what}, not a {type(runtime).__name__}")
