from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

from bench.analysis.run import Raw
from bench.report import write
from bench.store.cell import Status
from bench.store.raw_rows import Verdict
from tests.support.made_up import DIGITS, ENVIRONMENT, HOURS, MINE, agreed, agreement, cell, laid_down


def test_a_run_that_timed_nothing_reports_the_largest_share_of_each_quantity_in_each_dtype(tmp_path: Path) -> None:
    single = [agreement("numpy_manual", "loss", 0.04), agreement("jax_grad", "loss", 0.4)]
    double = [replace(one, dtype="float64", share=one.share / 2) for one in single]
    refused = Verdict(cell(MINE, HOURS), Status.MISMATCH, "gradient b: [0] 2 against 1", math.inf)
    environment = {**ENVIRONMENT, "timed": False, "reference_bits": {"float32": 53, "float64": 64}}
    laid_down(tmp_path, Raw(environment, [agreed("jax_grad", DIGITS), refused], [*single, *double], [], [], []))
    write.write_reports(tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "MISMATCH, gradient b" in text
    first, second = text.split("### float64")
    assert "64 significant bits" in second
    assert re.search(r"\| loss +\| +4 % \| +40 % \|", first)
    assert re.search(r"\| loss +\| +2 % \| +20 % \|", second)
