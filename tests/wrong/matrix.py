"""Which check catches which planted fault: `python -m tests.wrong.matrix [NAME ...]`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from bench.gate.diagnose import agreed, likely_cause
from bench.gate.judge import worst
from impls.protocol import Implementation
from tests.gates import DTYPES, judged, opinions
from tests.wrong.row import Wrong
from tests.wrong.table import TABLE


@dataclass(frozen=True)
class Kill:
    """One check that caught a fault: the case, the quantity and the dtype; `share` of the budget that it used."""

    case: str
    quantity: str
    dtype: str
    model: str
    share: float
    cause: str


def kills(wrong: Wrong) -> Iterator[Kill]:
    """Yield every check that catches the fault, in all its models and both dtypes; an exception is one too."""
    implementation = cast(Implementation, wrong.implementation)
    for dtype in DTYPES:
        for model in sorted(wrong.models):
            for case, opinion in opinions(model, dtype):
                try:
                    seen, judgements = judged(implementation, case, opinion, dtype)
                except Exception as error:  # noqa: BLE001 - a fault that raises is caught, whatever it raises
                    yield Kill(case.name, "exception", dtype, model, float("inf"), type(error).__name__)
                    continue
                failed = [(quantity, one) for quantity, one in worst(judgements) if not one.agrees]
                cause = likely_cause(case, seen, opinion, judgements) if failed else ""
                for quantity, one in failed:
                    yield Kill(case.name, quantity, dtype, model, one.share, cause)


def cause(caught: list[Kill]) -> str:
    """Return the cause that a verdict would name."""
    return agreed(list({(kill.model, kill.dtype, kill.case): kill.cause for kill in caught}.values()))


def main(names: list[str]) -> None:
    """Print one line a fault, and then what each case and each quantity caught, alone and at all."""
    warnings.simplefilter("ignore")  # overflow is what some of the faults are about
    found: dict[str, list[Kill]] = {}
    for name in names or TABLE:
        caught = found[name] = list(kills(TABLE[name]))
        cases = ", ".join(dict.fromkeys(kill.case.removeprefix("gate:") for kill in caught))
        dtypes = "/".join(sorted({kill.dtype.removeprefix("float") for kill in caught}))
        state = "caught" if caught else "SURVIVES"
        print(f"{name}: {state} [{dtypes}] {cases} <{cause(caught)}>", flush=True)
    for what in ("case", "quantity"):
        print(f"\n{what}: faults caught, faults that nothing else catches")
        for key in dict.fromkeys(getattr(kill, what) for caught in found.values() for kill in caught):
            catching = {name for name, caught in found.items() if any(getattr(kill, what) == key for kill in caught)}
            alone = sorted(name for name in catching if {getattr(kill, what) for kill in found[name]} == {key})
            print(f"  {key}: {len(catching)}, {len(alone)} {alone or ''}")
    survivors = sorted(name for name, caught in found.items() if not caught)
    print(f"\n{len(found)} faults, {len(survivors)} survive: {', '.join(survivors) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
