"""The counters are those of this process and no other."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bench.machine.counters import resident_bytes
from bench.store.layout import ROOT

MIB = 2**20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count it")
def test_the_peak_of_memory_is_not_that_of_the_parent() -> None:
    large = np.ones(400 * MIB, np.uint8)
    code = "from bench.machine.counters import peak_memory_bytes as peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < large.nbytes / 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_memory_is_what_the_process_has_now() -> None:
    before = resident_bytes()
    large = np.ones(64 * MIB, np.uint8)
    during = resident_bytes()
    assert before is not None and during is not None
    assert 60 * MIB < during - before < 80 * MIB
    assert large.size
