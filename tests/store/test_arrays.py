"""Arrays come back as they were, and what is no such file is refused with its name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.store.arrays import read_arrays, write_arrays


def test_arrays_of_every_shape_and_kind_come_back(tmp_path: Path) -> None:
    arrays = {
        "loss": np.asarray(1.5, np.float32),
        "w": np.arange(6.0).reshape(2, 3).T,
        "labels": np.array([0, 1, 2]),
        "faults": np.array(["w is a list", "b"], dtype=str),
        "none": np.array([], dtype=str),
        "nan": np.array([np.nan, np.inf, -0.0], np.longdouble),
    }
    write_arrays(tmp_path / "some", arrays)
    found = read_arrays(tmp_path / "some")
    assert found.keys() == arrays.keys()
    for name, one in arrays.items():
        assert found[name].dtype == one.dtype
        np.testing.assert_array_equal(found[name], one)


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", b"\x81\xa1w\x93\xa3<f8\x91\x09\xc4\x01\x00", b"\x81\xa1w\x93\xa2|O\x91\x01\xc4\x08" + bytes(8)],
)
def test_what_holds_no_arrays_is_refused(tmp_path: Path, content: bytes) -> None:
    """Among them nine numbers in one byte, and a pointer."""
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(ValueError, match="bad holds no arrays"):
        read_arrays(tmp_path / "bad")
