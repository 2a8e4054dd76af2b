"""Everything runs from the checkout: `datasets` is ours, whatever else site-packages holds."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import bench
import datasets
import impls

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def run_python(code: str) -> str:
    """Return what this code prints in a fresh interpreter that starts as a worker does: in the checkout's root."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("package", [bench, datasets, impls], ids=lambda package: package.__name__)
def test_tests_import_the_packages_of_the_checkout(package: ModuleType) -> None:
    assert package.__file__ is not None
    assert Path(package.__file__).resolve() == ROOT / package.__name__ / "__init__.py"


@pytest.mark.parametrize("name", ["bench", "datasets", "impls"])
def test_a_worker_imports_the_packages_of_the_checkout(name: str) -> None:
    file = run_python(f"import {name}; print({name}.__file__)")
    assert Path(file).resolve() == ROOT / name / "__init__.py"


def test_a_package_of_the_same_name_in_site_packages_does_not_win(tmp_path: Path) -> None:
    """Hugging Face's `datasets` may be installed: a folder at the end of the path stands for site-packages."""
    (tmp_path / "datasets.py").write_text("raise SystemExit('not ours')")
    file = run_python(f"import sys; sys.path.append({str(tmp_path)!r}); import datasets; print(datasets.__file__)")
    assert Path(file).resolve() == ROOT / "datasets" / "__init__.py"


def test_nothing_of_ours_would_be_installed() -> None:
    assert PYPROJECT["tool"]["setuptools"]["packages"] == []


@pytest.mark.parametrize("module", ["datasets", "impls", "impls.protocol", "bench", "bench.store.raw_rows"])
def test_importing_this_imports_no_library_that_is_compared(module: str) -> None:
    heavy = "{'torch', 'jax', 'sklearn', 'pandas'}"
    assert run_python(f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_every_implementation_of_the_table_stands_in_the_independence_contract() -> None:
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    listed = next(one["modules"] for one in contracts if one["name"] == "Implementations never import one another")
    inside = {row.target.partition(":")[0] for row in impls.TABLE.values()}
    assert inside == set(listed)
