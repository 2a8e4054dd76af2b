"""A worker of the harness that never ends; it writes down its process id once it has read its job."""

import os
import signal
import sys
from pathlib import Path

from bench.worker.startup import read_job

job = read_job(sys.argv)
part = Path(job["pid"] + ".part")
part.write_text(str(os.getpid()))
part.rename(job["pid"])
while True:
    signal.pause()
