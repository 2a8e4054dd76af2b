from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.store.layout import ROOT


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of `python -m bench completion`, in a file."""
    command = [sys.executable, "-m", "bench", "completion"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    script = tmp_path_factory.mktemp("completion") / "bench.bash"
    script.write_text(done.stdout, encoding="utf-8")
    return script


@pytest.mark.skipif(shutil.which("bash") is None, reason="it is a script for bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ru", ["run"]),
        ("run --da", ["--dataset"]),
        ("run -d di", ["diabetes_bmi", "diabetes", "digits"]),
        ("run -i jax", ["jax_grad", "jax_scan"]),
        ("show so", ["softmax"]),
    ],
)
def test_bash_completes_commands_options_and_names(words: str, offered: list[str], completion: Path) -> None:
    script = (
        f"source {completion}\n"
        f"COMP_WORDS=({sys.executable} -m bench {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '_bench_complete; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - where bash is
    assert done.stdout.split() == offered
