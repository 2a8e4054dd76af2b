"""Records as JSON lines: one frozen dataclass per line, read back as the same dataclass."""

from __future__ import annotations

import gzip
import json
import math
import os
import zlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

Record = TypeVar("Record")


def to_json(record: Any) -> str:
    """Return a frozen dataclass as one line of strict JSON, with NaN and infinities as strings."""
    return json.dumps(to_mapping(record), allow_nan=False)


def to_mapping(record: Any) -> dict[str, Any]:
    """Return the fields of a frozen dataclass, and of nested ones, as values for strict JSON."""
    return {name: plain(value) for name, value in asdict(record).items()}


def from_json(cls: type[Record], line: str | bytes) -> Record:
    """Return the record that `to_json` wrote.

    Raises ValueError if the line is not JSON, a field is missing, or a value does not fit its field.
    """
    try:
        return decoder(cls)(line)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def from_mapping(cls: type[Record], fields: dict[str, Any]) -> Record:
    """Return the record with these fields, as `json.loads` returns them. Raises as `from_json` does."""
    try:
        return msgspec.convert(fields, cls, strict=False, dec_hook=_path)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def append_line(path: Path, record: Any) -> None:
    """Append the record to the file; it is on disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(to_json(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def cut_unfinished(path: Path) -> None:
    """Cut off a last line without a newline, left by a process that died while writing."""
    if path.is_file():
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


def read_lines(cls: type[Record], path: Path) -> list[Record]:
    """Return the records of a file, or of its gzip-compressed form if only that exists; empty if neither does.

    A last line without a newline was left by a process that died while writing, and is skipped.
    Raises ValueError, naming file and line, for any other line that is not a record.
    """
    return list(each_line(cls, path))


def each_line(cls: type[Record], path: Path, decode: Callable[[bytes], Record] | None = None) -> Iterator[Record]:
    """Yield the records of a file one by one, so that they need not all be in memory; otherwise like `read_lines`.

    `decode` replaces the default decoder; it raises msgspec.MsgspecError or ValueError.
    """
    decode = decode or decoder(cls)
    for number, line in enumerate(_lines(path), start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield decode(line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: not a record of {cls.__name__}: {error}") from error


def compressed(path: Path) -> Path:
    """Return where the compressed form of a file lies."""
    return path.with_name(f"{path.name}.gz")


def _lines(path: Path) -> Iterator[bytes]:
    if path.is_file():
        with path.open("rb") as file:
            yield from file
    elif (packed := compressed(path)).is_file():
        if packed.stat().st_size == 0:  # gzip reads it as a file without lines
            raise ValueError(f"{packed} cannot be unpacked: it is empty")
        try:
            with gzip.open(packed, "rb") as file:
                yield from file
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{packed} cannot be unpacked: {error}") from error


def decoder(kind: type[Record]) -> Callable[[str | bytes], Record]:
    """Return a function that decodes this type from JSON; it raises msgspec.MsgspecError for other text."""
    return _decoder(cast(Hashable, kind))  # a class is hashable, but mypy does not know it


@cache
def _decoder(kind: Any) -> Callable[[str | bytes], Any]:
    """Return a decoder that is not strict, so that "nan", as `to_json` writes it, is a float."""
    return msgspec.json.Decoder(kind, strict=False, dec_hook=_path).decode


def _path(kind: type[Any], value: Any) -> Path:
    """Return a path from its text: the only field type that msgspec does not know."""
    if kind is not Path:
        raise NotImplementedError(f"a field of type {kind.__name__}")
    return Path(value)


def plain(value: Any) -> Any:
    """Return a value for strict JSON, with NaN and infinities as strings.

    A lone surrogate, which no UTF-8 file can hold, is written out: an exception of an implementation may say anything.
    """
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
