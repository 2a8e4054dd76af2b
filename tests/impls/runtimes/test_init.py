from __future__ import annotations

import pytest

from impls import runtimes


@pytest.mark.parametrize("runtime", ["numpy", "torch", "jax", "scikit_learn"])
def test_no_library_puts_events_around_the_work_of_a_cpu(runtime: str) -> None:
    pytest.importorskip("sklearn" if runtime == "scikit_learn" else runtime)
    assert runtimes.load(runtime).event_clock("cpu") is None
