from __future__ import annotations

from typing import Any

import pytest

from impls import runtimes


def test_jax_tells_of_every_compilation() -> None:
    jax: Any = pytest.importorskip("jax")
    runtime = runtimes.load("jax")
    before, seconds = runtime.compilations(), runtime.compile_seconds()
    assert before is not None
    assert seconds is not None
    scaled = jax.jit(lambda x, by: x * by + 0.125, static_argnums=1)
    x = jax.numpy.ones(3)
    scaled(x, 2)
    after_one = runtime.compilations()
    scaled(x, 2)
    assert runtime.compilations() == after_one
    scaled(x, 3)  # a number that is part of the program: one more
    assert runtime.compilations() == (after_one or 0) + 1
    assert (runtime.compile_seconds() or 0) > seconds
