"""No two public classes share a name, whichever package they are in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bench.store.layout import ROOT


def public_classes() -> Iterator[tuple[str, str]]:
    """Yield the name of each public class, and its file."""
    for package in ("bench", "impls", "datasets"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, str(path.relative_to(ROOT))


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for name, place in public_classes():
        places.setdefault(name, []).append(place)
    assert {name: shared for name, shared in places.items() if len(shared) > 1} == {}
