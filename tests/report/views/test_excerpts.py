"""The source of a model in each implementation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import impls
from bench.cli import app
from bench.errors import BadInput
from bench.report.views.excerpts import excerpts
from bench.store.layout import ROOT
from datasets.dataset import Model


@pytest.mark.parametrize("model", list(Model))
def test_the_four_are_cut_out_of_their_files_whole(model: Model) -> None:
    shown = excerpts(model, ())
    assert [one.name for one in shown] == list(impls.FOUR)
    for one in shown:
        text = one.path.read_text(encoding="utf-8")
        assert one.model in text and one.model.startswith(f"def {model}(")
        assert text.splitlines()[one.line - 1].startswith(f"def {model}(")
        assert "def epoch(self)" in one.loop
        compile(f"{one.model}\n{one.loop}", str(one.path), "exec")


def test_what_the_loop_calls_is_shown_before_it() -> None:
    (jax,) = excerpts("softmax", ["jax_grad"])
    assert jax.loop.startswith("@partial(jax.jit") and jax.loop.index("def _step(") < jax.loop.index("def epoch(")


def test_one_from_outside_is_shown_and_not_run(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("raise AssertionError\ndef softmax(x):\n    return x\n", encoding="utf-8")
    (one,) = excerpts("softmax", [f"{mine}:Mine"])
    assert one.model == "def softmax(x):\n    return x" and one.loop == ""


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["sofmax"], "did you mean softmax"),
        (["softmax", "-i", "numpy_manul"], "did you mean numpy_manual"),
        (["softmax", "-i", "nowhere.py:Mine"], "no source file"),
        (["softmax", "-i", "no.such.module:Mine"], "no source file"),
        (["softmax", "-i", "impls.protocol:Params"], "no function 'softmax'"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    arguments: list[str], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["show", *arguments]) == 2
    assert remedy in capsys.readouterr().err


def test_showing_imports_neither_torch_nor_jax() -> None:
    script = (
        "import sys\nfrom bench.report.views.excerpts import excerpts\nexcerpts('softmax', ())\n"
        "print([name for name in ('torch', 'jax', 'impls.torch_nn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_unknown_name_is_bad_input() -> None:
    with pytest.raises(BadInput, match="choose from"):
        excerpts("zzz", ())
