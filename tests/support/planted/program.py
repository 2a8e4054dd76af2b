"""A worker that dies in the way its job says; it imports nothing slow."""

import json
import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())


def start_child() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(job["pids"]).write_text(f"{os.getpid()} {child.pid}")


def wait_for_ever() -> None:
    while True:
        signal.pause()


print("the first line")
match job["end"]:
    case "well":
        Path(job["facts"]).write_text(json.dumps({"cwd": str(Path.cwd()), "environment": dict(os.environ)}))
    case "exit":
        print("the last line", file=sys.stderr)
        sys.exit(3)
    case "flood":
        print("x" * 1_000_000)
        print("\n".join(f"line {number}" for number in range(10_000)))
        sys.exit(1)
    case "flood for ever":
        while True:
            print("x" * 1_000_000)
    case "allocate":
        bytearray(job["bytes"])
    case "map":
        with Path(job["file"]).open("rb") as file:
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    case "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    case "never":
        wait_for_ever()
    case "leave a child":
        start_child()
    case "signal the parent":
        start_child()
        os.kill(os.getppid(), job["signal"])
        wait_for_ever()
