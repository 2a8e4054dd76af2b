"""A worker that says back what it is asked, and imports nothing that takes time."""

import os
import signal
import sys

for line in sys.stdin:
    match line:
        case "endless\n":
            sys.stdout.write("x" * 100_000)
        case "die\n":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            sys.stdout.write(line)
    sys.stdout.flush()
