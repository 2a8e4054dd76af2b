from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from impls.runtimes.other import Other, imported_versions


def test_versions_are_those_of_the_packages_that_a_file_imports(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import math, numpy.linalg as la\nfrom msgspec.json import encode\nfrom impls.protocol import Params\n"
        "from . import sibling\ndef late():\n    import no_such_module, yaml_is_not_here\n"
    )
    assert imported_versions(file) == {"msgspec": version("msgspec"), "numpy": version("numpy")}


def test_a_language_has_no_version() -> None:
    assert Other("c").versions() == {}
