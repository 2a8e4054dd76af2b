"""What a notebook gets: frames, from the very run that the command line makes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import bench
from bench import api
from bench.commands import run
from bench.errors import BadInput
from bench.plan.options import BLOCKS, Options
from bench.report.terminal.console import Screen
from tests.support.made_run import lay_down, made_run, problem

ROOT = Path(__file__).resolve().parents[1]
MADE = made_run(["numpy_manual", "jax_grad"], [problem(0)], lambda name, _: {"numpy_manual": 2e-3}.get(name, 1e-3))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Options, str]]:
    """The options of each run, which leaves made-up rows."""
    seen: list[tuple[Options, str]] = []

    def made(options: Options, command: str, _screen: Screen, **_: Any) -> int:
        assert options.out is not None
        lay_down(options.out, MADE)
        seen.append((options, command))
        return 0

    monkeypatch.setattr(run, "run", made)
    monkeypatch.setattr(run, "agree", made)
    return seen


@pytest.mark.parametrize("names", [["numpy_manual", "jax_grad"], ("numpy_manual", "jax_grad")])
def test_race_returns_the_rows_of_timings(names: Sequence[str], asked: list[tuple[Options, str]]) -> None:
    frame = bench.race(names, datasets="digits", learning_rate=0.1)
    assert list(frame["implementation"]) == ["numpy_manual", "jax_grad"] and list(frame["comparison"]) == ["", "FASTER"]
    assert frame["ratio"].isna().tolist() == [True, False] and frame["ratio"][1] == pytest.approx(0.5, rel=0.01)
    ((options, command),) = asked
    assert (options.implementations, options.datasets) == (("numpy_manual", "jax_grad"), ("digits",))
    assert (options.blocks, options.max_blocks, options.learning_rate) == (BLOCKS, BLOCKS, 0.1)
    assert command.startswith("bench.race(implementations=('numpy_manual', 'jax_grad'), datasets=('digits',), ")
    assert options.out is not None and not options.out.exists()


def test_agree_returns_the_rows_of_agreement_and_keeps_a_run_if_asked(
    tmp_path: Path, asked: list[tuple[Options, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = bench.agree("jax_grad", dtypes=["float32", "float64"], out=tmp_path / "kept")
    assert {"quantity", "budget", "share", "status"} <= set(frame.columns) and len(frame) == 2
    assert asked[0][0].implementations == ("jax_grad",) and asked[0][0].dtypes == ("float32", "float64")
    assert (tmp_path / "kept" / "raw").is_dir()
    assert capsys.readouterr() == ("", "")


def test_one_name_need_be_no_list_in_any_option_that_takes_several(asked: list[tuple[Options, str]]) -> None:
    bench.race("jax_grad", models="softmax", sweeps="n=1e2:1e4", feeds="host", devices="cpu")
    ((options, _),) = asked
    assert (options.sweeps, options.feeds, options.devices) == (("n=1e2:1e4",), ("host",), ("cpu",))


def test_bad_input_is_what_it_is_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="did you mean digits"):
        api.race(datasets="digitz", out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_package_itself_imports_nothing() -> None:
    script = "import sys, bench\nprint([name for name in ('numpy', 'pandas', 'bench.api') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        vars(bench)["__getattr__"]("nothing")
