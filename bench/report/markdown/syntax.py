"""Markdown syntax: escaped text, tables, lists, sections and code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tabulate import tabulate

# Characters that Markdown would interpret; an underscore between letters is not one.
_SPECIAL = re.compile(r"[\\`*\[\]|<>&~_](?<![A-Za-z0-9]_(?=[A-Za-z0-9]))")


@lru_cache(maxsize=10_000, typed=True)
def text(value: object) -> str:
    """Escape the value so that Markdown shows it unchanged, even inside a table."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(str(value).split()))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[str] = ()) -> str:
    """Return a Markdown table; the columns named in `right` are right-aligned."""
    numbers = {*right}
    aligned = ["right" if header in numbers else "left" for header in headers]
    cells = [[text(value) for value in row] for row in rows]
    return tabulate(
        cells, [*map(text, headers)], tablefmt="pipe", colalign=aligned if cells else None, disable_numparse=True
    )


def bullets(lines: Iterable[str]) -> str:
    """Return one bullet per line."""
    return "\n".join(f"- {text(line)}" for line in lines)


def section(title: str, body: str) -> str:
    """Return the body below its heading."""
    return f"## {title}\n\n{body}"


def code(line: str) -> str:
    """Return a code block, with a fence longer than any in the line."""
    longest = max((len(found) for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{line}\n{fence}"
