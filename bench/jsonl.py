"""Records on disk: one frozen dataclass is one line of JSON, and the same dataclass comes back."""

from __future__ import annotations

import json
import math
import os
import types
import typing
from dataclasses import asdict, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


def to_json(record: Any) -> str:
    """Return a frozen dataclass as one line of strict JSON; NaN and infinities are written as strings."""
    return json.dumps(to_mapping(record), allow_nan=False)


def to_mapping(record: Any) -> dict[str, Any]:
    """Return the fields of a frozen dataclass, and of those in it, as strict JSON can hold them."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def from_json(cls: type[Record], line: str) -> Record:
    """Return the record that `to_json` wrote.

    Raises ValueError when the line is not JSON, or a value is none of its field's, and TypeError
    when fields are missing or unknown.
    """
    return from_mapping(cls, json.loads(line))


def from_mapping(cls: type[Record], fields: dict[str, Any]) -> Record:
    """Return the record whose fields are these, as `json.loads` gives them."""
    if not isinstance(fields, dict):
        raise ValueError(f"{fields!r} has no fields")
    hints = _hints(typing.cast(typing.Hashable, cls))  # a class is, and mypy doubts it
    return cls(**{name: _typed(hints.get(name, Any), value) for name, value in fields.items()})


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
    if not path.is_file():
        return []
    records = []
    *lines, _ = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            records.append(from_json(cls, line))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: not a record of {cls.__name__}: {error}") from error
    return records


@cache
def _hints(cls: typing.Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
    return value


def _typed(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        (present,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _typed(present, value)
    if origin is tuple:
        return tuple(_typed(arguments[0], item) for item in value)
    if isinstance(kind, type) and is_dataclass(kind):
        return from_mapping(kind, value)
    if isinstance(kind, type) and (kind is float or issubclass(kind, Enum)):
        return kind(value)
    return value
