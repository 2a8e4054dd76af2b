"""The origin of a result: machine, versions, command, and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.run import Raw
from bench.report.views import notation


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
