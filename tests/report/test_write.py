from __future__ import annotations

from pathlib import Path

from bench.analysis.run import Raw
from bench.report import write
from bench.store import run_folder
from tests.support.golden_files import GOLDEN
from tests.support.made_up import ENVIRONMENT, laid_down, made_up


def test_reports_are_remade_byte_for_byte_from_the_raw_rows_in_any_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        laid_down(folder, made_up())
        write.write_reports(folder)
    names = ["report.html", "report.md", "timings.csv", "agreement.csv", "environment.json"]
    assert [path.name for path in run_folder.reports(first)] == names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not list(tmp_path.rglob("*.part"))
    assert (first / "timings.csv").read_text(encoding="utf-8") == (GOLDEN / "timings.csv").read_text(encoding="utf-8")


def test_a_stopped_run_has_a_report(tmp_path: Path) -> None:
    laid_down(tmp_path / "run", Raw(ENVIRONMENT, [], [], [], []))
    write.write_reports(tmp_path / "run")
    assert "Nothing was compared." in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
