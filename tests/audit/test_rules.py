from __future__ import annotations

from bench.audit.rules import Finding, declared
from bench.store.cell import LIES, Status


def of(*statuses: Status) -> list[Finding]:
    """The findings of one process."""
    return [Finding(status, str(status)) for status in statuses]


def test_of_several_lies_the_first_in_the_list_is_what_a_cell_is_called() -> None:
    first, *_, last = LIES
    found = declared([of(last, first)] * 3)
    assert found is not None and found.status is first


def test_a_fact_of_one_process_counts_where_no_lie_does() -> None:
    fact = of(Status.WRONG_ENVIRONMENT)
    lies = of(Status.NOT_LINEAR)
    assert declared([fact, lies, lies]) == fact[0]
    found = declared([fact + lies, lies, lies])
    assert found is not None and found.status is Status.NOT_LINEAR
    assert declared([lies, lies]) is None
