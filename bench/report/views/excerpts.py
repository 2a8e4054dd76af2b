"""The source of one model in each implementation, extracted without importing or running it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import impls
from bench.errors import BadInput, unknown
from bench.plan.cells import named
from datasets.dataset import Model

# The method that updates the parameters; the rest of a class is placement and bookkeeping.
_LOOP = "epoch"


@dataclass(frozen=True)
class Excerpt:
    """The source of one model in one implementation.

    model   the function of that model, including its docstring
    loop    the method that makes one pass over the rows, and the functions of the module that it calls
    """

    name: str
    path: Path
    line: int
    model: str
    loop: str


def excerpts(model: str, names: Sequence[str]) -> list[Excerpt]:
    """Return the source of a model in each of these implementations, by default the four.

    Raises BadInput for an unknown name, or a source without a function of the model's name.
    """
    if model not in list(Model):
        raise unknown("model", model, Model)
    return [_excerpt(named(name), model) for name in names or impls.FOUR]


def _excerpt(row: impls.Row, model: str) -> Excerpt:
    place, _, attribute = row.target.rpartition(":")
    path = _path(row.name, place)
    source = path.read_text(encoding="utf-8")
    nodes = {node.name: node for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    if model not in nodes:
        raise BadInput(f"implementation '{row.name}': {path} has no function '{model}' to show")
    loop = list(_loop(nodes, attribute))
    return Excerpt(
        name=row.name,
        path=path,
        line=nodes[model].lineno,
        model=_text(source, nodes[model]),
        loop="\n\n".join(_text(source, node) for node in loop),
    )


def _path(name: str, place: str) -> Path:
    if place.endswith(".py"):
        path = Path(place)
    else:
        try:
            found = find_spec(place)
        except ModuleNotFoundError:
            found = None
        path = Path(found.origin) if found is not None and found.origin is not None else Path(place)
    if not path.is_file():
        raise BadInput(f"implementation '{name}': there is no source file '{path}'")
    return path


def _loop(nodes: dict[str, ast.FunctionDef | ast.ClassDef], attribute: str) -> Iterator[ast.AST]:
    """Yield the functions of the module that the loop calls, then the loop."""
    owner = nodes.get(attribute)
    methods = [node for node in (owner.body if owner else []) if isinstance(node, ast.FunctionDef)]
    for method in methods:
        if method.name == _LOOP:
            called = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
            yield from (node for name, node in nodes.items() if name in called and isinstance(node, ast.FunctionDef))
            yield method


def _text(source: str, node: ast.AST) -> str:
    """Return the lines of a definition with its decorators, without the indentation of a class."""
    assert isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.end_lineno is not None, node
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(source.splitlines()[first - 1 : node.end_lineno]))
