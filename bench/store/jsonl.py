"""Records on disk: one frozen dataclass is one line of JSON, and the same dataclass comes back."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

Record = TypeVar("Record")


def to_json(record: Any) -> str:
    """Return a frozen dataclass as one line of strict JSON; NaN and infinities are written as strings."""
    return json.dumps(to_mapping(record), allow_nan=False)


def to_mapping(record: Any) -> dict[str, Any]:
    """Return the fields of a frozen dataclass, and of those in it, as strict JSON can hold them."""
    return {name: plain(value) for name, value in asdict(record).items()}


def from_json(cls: type[Record], line: str | bytes) -> Record:
    """Return the record that `to_json` wrote.

    Raises ValueError when the line is not JSON, a field is missing, or a value is none of its field's.
    """
    try:
        return decoder(cls)(line)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def from_mapping(cls: type[Record], fields: dict[str, Any]) -> Record:
    """Return the record whose fields are these, as `json.loads` gives them. Raises as `from_json` does."""
    try:
        return msgspec.convert(fields, cls, strict=False, dec_hook=_path)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def append_line(path: Path, record: Any) -> None:
    """Write the record at the end of the file; it is on the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(to_json(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def cut_unfinished(path: Path) -> None:
    """Leave whole lines only: a last one without its newline was left by a process that died while it wrote."""
    if path.is_file():
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


def read_lines(cls: type[Record], path: Path) -> list[Record]:
    """Return the records of a file; none if there is no file.

    A last line without its newline was left by a process that died while it wrote, and is not a record.
    Raises ValueError, naming file and line, for any other line that is not one.
    """
    return list(each_line(cls, path))


def each_line(cls: type[Record], path: Path, decode: Callable[[bytes], Record] | None = None) -> Iterator[Record]:
    """Yield the records of a file one after the other, so that they need not all be kept. As `read_lines` else.

    `decode` makes a record of a line, where that is not `decoder`; it raises msgspec.MsgspecError or ValueError.
    """
    if not path.is_file():
        return
    decode = decode or decoder(cls)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decode(line)
            except (msgspec.MsgspecError, ValueError) as error:
                raise ValueError(f"{path}, line {number}: not a record of {cls.__name__}: {error}") from error


def decoder(kind: type[Record]) -> Callable[[str | bytes], Record]:
    """Return what makes a value of this type of its JSON; it raises msgspec.MsgspecError where the text holds none."""
    return _decoder(cast(Hashable, kind))  # a class is hashable, and mypy doubts it


@cache
def _decoder(kind: Any) -> Callable[[str | bytes], Any]:
    """Not strict: "nan" is a float then, as `to_json` writes it."""
    return msgspec.json.Decoder(kind, strict=False, dec_hook=_path).decode


def _path(kind: type[Any], value: Any) -> Path:
    """Return a path from its text: the one type of a field that JSON and msgspec do not know."""
    if kind is not Path:
        raise NotImplementedError(f"a field of type {kind.__name__}")
    return Path(value)


def plain(value: Any) -> Any:
    """Return a value as strict JSON can hold it: NaN and infinities as strings."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
    return value
