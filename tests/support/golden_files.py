"""Golden files that hold what a reader sees; after an intended change, UPDATE_GOLDEN=1 rewrites them."""

from __future__ import annotations

import os

from bench.store.layout import ROOT

GOLDEN = ROOT / "tests" / "support" / "golden"


def golden(name: str, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1":
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")
