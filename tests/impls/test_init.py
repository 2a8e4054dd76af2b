"""Loading an implementation from outside: what its file may say, and the line that says what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import impls
from impls import runtimes

BODY = """
from impls.numpy_manual import NumpyManual
class Mine(NumpyManual):
"""


@pytest.fixture(autouse=True)
def _modules_and_path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})


def written(folder: Path, text: str) -> str:
    (folder / "mine.py").write_text(text)
    return f"{folder / 'mine.py'}:Mine"


def test_a_runtime_of_any_name_is_the_library_that_computes(tmp_path: Path) -> None:
    implementation = impls.load(written(tmp_path, BODY + "    runtime = 'msgspec'\n"))
    found = runtimes.load(implementation.runtime)
    assert isinstance(found, runtimes.Runtime)
    assert found.devices() == ["cpu"]
    assert found.versions().keys() == {"msgspec"}


def test_an_implementation_may_bring_its_own_runtime(tmp_path: Path) -> None:
    text = "from impls.runtimes.other import Other\nclass My(Other):\n    def devices(self): return ['npu:0']\n"
    implementation = impls.load(written(tmp_path, text + BODY + "    runtime = My('mine')\n"))
    assert runtimes.load(implementation.runtime).devices() == ["npu:0"]


def test_a_runtime_that_is_neither_is_refused_with_what_it_must_be(tmp_path: Path) -> None:
    with pytest.raises(impls.Unusable, match=r"runtime must be the name of a library, or an object .* not a int"):
        impls.load(written(tmp_path, BODY + "    runtime = 3\n"))


def test_a_module_beside_the_file_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("LIBRARY = 'numpy'\n")
    text = "from helper_of_mine import LIBRARY\n" + BODY + "    runtime = LIBRARY\n"
    assert impls.load(written(tmp_path, text)).runtime == "numpy"


@pytest.mark.parametrize(
    "line", ["from datasets import load_dataset", "import datasets.mine", "from impls import mine"]
)
def test_a_module_whose_name_is_taken_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "datasets.py").write_text("load_dataset = mine = 1\n")
    with pytest.raises(impls.Unusable, match="is a package of this benchmark, so another module cannot have that name"):
        impls.load(written(tmp_path, f"{line}\n{BODY}    pass\n"))
