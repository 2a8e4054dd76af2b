"""Loads one outside implementation: `python -m bench.worker.probe job.json` exits with 0 if it can be used."""

from __future__ import annotations

import sys
import traceback

import impls
from bench.worker.startup import read_job


def main() -> int:
    """Return 0, or 1 with the reason as the last line of the output."""
    name = read_job(sys.argv)["name"]
    try:
        impls.load(name)
    except (impls.Unusable, impls.Unavailable) as reason:
        print(reason)  # noqa: T201 - the last line is the parent's message
        return 1
    except Exception as error:  # noqa: BLE001 - whatever its module raises is the user's to mend
        traceback.print_exc()
        print(f"its module raises {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
