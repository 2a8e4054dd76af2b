"""A program that runs a worker that never ends: `python -m tests.support.planted.parent FOLDER`."""

import sys
from pathlib import Path

from bench.process.spawn import Order, environment, run_worker

folder = Path(sys.argv[1])
variables = environment(dtype="float32", threads=1, device="cpu")
run_worker(Order("tests.support.planted.endless", {"pid": str(folder / "pid")}, variables, folder, 600.0, capped=False))
