from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BadInput
from bench.store import run_folder


def test_an_out_folder_must_be_new_or_empty_and_writable(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for bad in ("full", "full/file", "full/file/below"):
        with pytest.raises(BadInput, match="--out"):
            run_folder.check_out(tmp_path / bad)
    run_folder.check_out(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    assert (run_folder.make_folder(tmp_path / "new" / "deep", "run") / "raw").is_dir()
