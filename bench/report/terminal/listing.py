"""Terminal output of `list`: the known names."""

from __future__ import annotations

import datasets
import impls
from bench.plan.data import DEFAULT_DATASETS
from bench.plan.devices import DEVICE_KINDS
from bench.report.terminal.console import console
from bench.report.terminal.results import table
from datasets.dataset import Model

_LOSSES = {
    Model.SIMPLE_LINEAR: "mean((x w + b - y)^2), one feature",
    Model.MULTIVARIATE_LINEAR: "mean((x w + b - y)^2), d features",
    Model.LOGISTIC: "binary cross-entropy of x w + b",
    Model.SOFTMAX: "cross-entropy of the k logits x w + b",
}


def print_all() -> None:
    """Print datasets, implementations, models and kinds of device."""
    out = console()
    data = table("dataset", "model", "n", "d", "k", "what it is", numbers=("n", "d", "k"))
    for row in datasets.DATASETS.values():
        star = "*" if row.name in DEFAULT_DATASETS else ""
        data.add_row(row.name + star, row.model, str(row.n), str(row.d), str(row.k), row.description)
    ways = table("implementation", "role", "needs", "devices")
    for way in impls.TABLE.values():
        ways.add_row(way.name, way.role, way.requires, ", ".join(kind for kind in DEVICE_KINDS if kind in way.devices))
    models = table("model", "loss")
    for model, loss in _LOSSES.items():
        models.add_row(model, loss)
    out.print(data)
    out.print("* run by default. Also: a .csv or .npz file, or synthetic data of any size:\n"
              "  synthetic:softmax,n=100000,d=64,k=10,seed=0\n")  # fmt: skip
    out.print(ways)
    out.print("The four run by default; the name of a role, such as tuned, selects all of it.")
    out.print("Also: your own, path/to/file.py:Class or package.module:Class\n")
    out.print(models)
    out.print(f"\nKinds of device: {', '.join(DEVICE_KINDS)}; cuda:1 is the second one")
