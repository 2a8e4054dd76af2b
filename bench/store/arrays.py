"""Named arrays in one file: a MessagePack map from each name to dtype, shape and bytes.

An .npz has a zip entry and a text header for each array, which takes seconds for the thousands of small arrays of a
gate worker. A file is data alone: reading one that a worker has written runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

_Packed = tuple[str, tuple[int, ...], bytes]


def write_arrays(file: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays of any dtype whose entries have a fixed size, and any shape."""
    packed = {name: (one.dtype.str, one.shape, one.tobytes()) for name, one in arrays.items()}
    file.write_bytes(msgspec.msgpack.encode(packed))


def read_arrays(file: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a file, read-only. Raises ValueError if they are not such arrays, OSError as usual."""
    try:
        packed = msgspec.msgpack.decode(file.read_bytes(), type=dict[str, _Packed])
        return {name: _array(*one) for name, one in packed.items()}
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise ValueError(f"{file.name} holds no arrays: {error}") from None


def _array(kind: str, shape: tuple[int, ...], data: bytes) -> NDArray[np.generic]:
    dtype = np.dtype(kind)
    if dtype.hasobject:  # its entries would be addresses
        raise ValueError(f"dtype {kind}")
    return np.ndarray(shape, dtype, data)
