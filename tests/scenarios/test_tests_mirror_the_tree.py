"""The place of a test says what it tests: one file of the tree, every implementation and model, or a scenario."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.store.layout import ROOT

TESTS = ROOT / "tests"
# Tests that cover no single file, each named after what it tries.
OF_NO_FILE = ("contract", "scenarios")
# Programs and shared pieces, which pytest does not collect.
NO_TESTS = ("contract", "scenarios", "support")

MODULES = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("*.py"))]
MIRRORS = [path for path in MODULES if path.name.startswith("test_") and path.parts[0] not in OF_NO_FILE]


def subjects(mirror: Path) -> list[Path]:
    """Return the files that a test module may test; one of them must exist."""
    name = mirror.stem.removeprefix("test_")
    module = "__init__.py" if name == "init" else f"{name}.py"
    if mirror.parts[0] in ("datasets", "impls"):
        return [ROOT / mirror.with_name(module)]
    inside = ROOT / "bench" / mirror.with_name(module)
    return [inside] if len(mirror.parts) > 1 else [inside, ROOT / module, ROOT / f"{name}.toml"]


@pytest.mark.parametrize("mirror", MIRRORS, ids=str)
def test_a_test_module_names_the_one_file_that_it_tests(mirror: Path) -> None:
    assert sum(path.is_file() for path in subjects(mirror)) == 1


def test_what_tests_share_lies_in_support() -> None:
    outside = [path for path in MODULES if not path.name.startswith("test_") and path.parts[0] not in NO_TESTS]
    assert outside == [Path("conftest.py")]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_test_module_is_imported_by_another(module: Path) -> None:
    tree = ast.parse((TESTS / module).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.startswith("tests.") and ".test_" in name]


def test_a_module_that_is_not_there_has_no_test() -> None:
    assert not any(path.exists() for path in subjects(Path("gate", "test_nothing.py")))
    assert subjects(Path("datasets", "test_init.py")) == [ROOT / "datasets" / "__init__.py"]
