"""Finds how long an epoch of each cell takes: `python -m bench.worker.pilot job.json`. No result is kept as a time."""

from __future__ import annotations

import sys

from bench.worker.startup import leave, pin, read_job


def main(argv: list[str]) -> None:
    """Run the job; each finished cell has a line in its files."""
    job = read_job(argv)
    pin(job["core"])
    from bench.store.jsonl import from_mapping  # noqa: PLC0415 - with the other two, which import NumPy: pinned first
    from bench.timing.jobs import Job  # noqa: PLC0415
    from bench.worker.attempt import attempt  # noqa: PLC0415
    from bench.worker.pace import measure  # noqa: PLC0415

    for number in range(len(job["entries"])):
        attempt(from_mapping(Job, job), number, measure)


if __name__ == "__main__":
    main(sys.argv)
    leave()
