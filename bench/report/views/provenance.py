"""The origin of a result: machine, versions, command, and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.analysis.run import Raw
from bench.report.views import notation

SOURCES = ("dataset", "dtype", "source", "licence", "labels 0, 1, ...")


def source(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row of the table of data, whose headings are SOURCES."""
    return data["name"], data["dtype"], data["source"], data["licence"], ", ".join(data["labels"])


def effort(raw: Raw) -> str:
    """Return how many blocks were requested."""
    blocks = raw.environment["options"]["blocks"]
    return "times only" if raw.quick else notation.number(blocks, "block")


def machine(raw: Raw) -> list[tuple[str, str]]:
    """Return the machine at the start of the run, as (dotted name, text) pairs."""
    found = raw.environment["machine"]
    return _flat({**found, "date": notation.moment(found["date"])} if "date" in found else found)


def _flat(value: object, name: str = "") -> list[tuple[str, str]]:
    """Return nested mappings as (dotted name, text) pairs, in their order."""
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _flat(item, f"{name}.{key}" if name else str(key))]
    if isinstance(value, (list, tuple)):
        return [(name, ", ".join(map(_told, value)))]
    return [(name, "none" if value is None else _told(value))]


def _told(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cited(raw: Raw) -> tuple[str, ...]:
    """Return the lines that cite this result: run and commit, versions, machine, command."""
    environment = raw.environment
    machine = environment["machine"]
    commit = f"commit {machine['commit']}" if machine.get("commit") else "no commit"
    changed = " with uncommitted changes" if machine.get("uncommitted_changes") else ""
    libraries = ", ".join(f"{name} {version}" for name, version in machine.get("libraries", {}).items() if version)
    return (
        f"Four Ways, run {environment['run']} of {notation.moment(environment['started'])}, {commit}{changed}",
        f"Python {machine.get('python', 'unknown')}, {libraries}",
        machine.get("processor", "unknown processor"),
        environment["command"],
    )
