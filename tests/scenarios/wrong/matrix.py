"""Print which check catches which planted fault.

Run `python -m tests.scenarios.wrong.matrix [NAME ...]`, about 20 minutes for all.

The exit code is 1 if a fault that numbers can show survives, or if a verdict would name a wrong cause.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import cast

from bench.gate.catalogue import cases
from bench.gate.diagnose import agreed, likely_cause
from bench.gate.judge import CONDUCT, GROUPS, worst
from impls.protocol import Implementation, Model
from tests.scenarios.wrong.causes import accepts
from tests.scenarios.wrong.row import Wrong
from tests.scenarios.wrong.table import CLOCK_ONLY, MERELY_WIDER, TABLE
from tests.support.gates import DTYPES, judged, opinions

EXCEPTION = "exception"
QUANTITIES = (*dict.fromkeys(GROUPS.values()), CONDUCT, EXCEPTION)


@dataclass(frozen=True)
class Kill:
    """A check that caught a fault: case, quantity, dtype, and the `share` of its budget."""

    case: str
    quantity: str
    dtype: str
    model: str
    share: float
    cause: str


def kills(wrong: Wrong, dtypes: Iterable[str] = DTYPES) -> Iterator[Kill]:
    """Yield every check that catches the fault, in all its models and these dtypes; an exception counts as one."""
    implementation = cast(Implementation, wrong.implementation)
    for dtype in dtypes:
        for model in sorted(wrong.models):
            for case, opinion in opinions(model, dtype):
                try:
                    with warnings.catch_warnings(action="ignore"):  # a worker only prints them
                        seen, judgements = judged(implementation, case, opinion, dtype)
                except Exception:  # noqa: BLE001 - a fault that raises is caught, whatever it raises
                    yield Kill(case.name, EXCEPTION, dtype, model, float("inf"), "")
                    continue
                failed = [(quantity, one) for quantity, one in worst(judgements) if not one.agrees]
                cause = likely_cause(case, seen, opinion, judgements) if failed else ""
                for quantity, one in failed:
                    yield Kill(case.name, quantity, dtype, model, one.share, cause)


def remarks(wrong: Wrong) -> set[str]:
    """Return the cases that end in a remark on an implementation whose numbers are merely rounded less."""
    implementation = cast(Implementation, wrong.implementation)
    return {
        case.name
        for dtype in wrong.dtypes
        for model in wrong.models
        for case, opinion in opinions(model, dtype)
        if case.remark and any(one.remark for one in judged(implementation, case, opinion, dtype)[1])
    }


def causes(caught: Sequence[Kill]) -> dict[str, str]:
    """Return the cause that the verdict on each model would name, or an empty text."""
    of_cases = {(kill.model, kill.dtype, kill.case): kill.cause for kill in caught if kill.quantity != EXCEPTION}
    models = dict.fromkeys(model for model, _, _ in of_cases)
    return {model: agreed([cause for key, cause in of_cases.items() if key[0] == model]) for model in models}


def names() -> tuple[str, ...]:
    """Return the names of all cases, each once."""
    return tuple(dict.fromkeys(case.name for model in Model for case in cases(model, DTYPES[0])))


def row(name: str, caught: Sequence[Kill]) -> str:
    """Return a fault's row: a mark per quantity and per case."""
    marks = ("".join(_mark(caught, what, key) for key in keys) for what, keys in _columns())
    return f"{name:<27} {' '.join(marks)}"


def _columns() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("quantity", QUANTITIES), ("case", names())


def _mark(caught: Sequence[Kill], what: str, key: str) -> str:
    dtypes = {kill.dtype for kill in caught if getattr(kill, what) == key}
    return "x" if len(dtypes) == len(DTYPES) else "".join(dtypes).removeprefix("float")[:1] or "."


def legend() -> str:
    """Return the legend of columns and marks, and the column headers."""
    heads = digits[1 : len(QUANTITIES) + 1], ascii_letters[: len(names())]
    lines = [
        ", ".join(f"{head} {key.removeprefix('gate:')}" for head, key in zip(head_of, keys, strict=True))
        for head_of, (_, keys) in zip(heads, _columns(), strict=True)
    ]
    return "\n".join(
        [*lines, "x caught in both dtypes, 3 in float32 alone, 6 in float64 alone", "", f"{'':<27} {' '.join(heads)}"]
    )


def summary(found: Mapping[str, Sequence[Kill]]) -> Iterator[str]:
    """Yield, for each quantity, case and dtype, how many faults it caught, and which only it caught."""
    for what, keys in (*_columns(), ("dtype", DTYPES)):
        yield f"\n{what}: faults caught, and those that nothing else caught"
        for key in keys:
            catching = {name for name, caught in found.items() if any(getattr(kill, what) == key for kill in caught)}
            alone = sorted(name for name in catching if {getattr(kill, what) for kill in found[name]} == {key})
            yield f"  {key.removeprefix('gate:')}: {len(catching)}, {len(alone)} {', '.join(alone)}".rstrip()


def main(asked: Sequence[str]) -> int:
    """Print the matrix row by row, and its summary; return 1 if anything is wrong."""
    found: dict[str, list[Kill]] = {}
    print(legend())
    for name in asked or TABLE:
        found[name] = list(kills(TABLE[name]))
        print(row(name, found[name]), flush=True)
    for line in summary(found):
        print(line)
    named = {name: sorted(set(causes(caught).values()) - {""}) for name, caught in found.items()}
    print("\ncauses named")
    for name, said in named.items():
        if said:
            print(f"  {name}: {' | '.join(said)}")
    wrong = sorted(name for name, said in named.items() if not all(accepts(name, one) for one in said))
    survivors = sorted(name for name, caught in found.items() if not caught)
    print(f"\n{len(found)} faults; a wrong cause is named of {len(wrong)}: {', '.join(wrong) or 'none'}")
    print(f"{len(survivors)} survive: {', '.join(survivors) or 'none'}")
    return int(bool(wrong) or not set(survivors) <= CLOCK_ONLY | MERELY_WIDER)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
