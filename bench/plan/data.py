"""Load the datasets of a plan and check that they fit the requested models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import datasets
from bench.errors import BadInput, unknown
from bench.plan.options import FULL, Options
from datasets.dataset import DEFAULT_DTYPE, Dataset, Model
from datasets.files import SUFFIXES
from impls.protocol import Feed

DEFAULT_DATASETS = ("study_hours", "diabetes", "breast_cancer", "digits")


def load(options: Options) -> dict[tuple[str, str], Dataset]:
    """Load the data, by (dataset, dtype).

    Raises BadInput with one line that names the remedy, also if a model and a dataset do not fit together.
    """
    models = [Model(name) for name in dict.fromkeys(options.models)]
    specs = tuple(dict.fromkeys(options.datasets)) or _defaults(models)
    for option, given in (("--target", options.target is not None), ("--raw", options.raw)):
        if given and not any(_is_file(spec) for spec in specs):
            raise BadInput(f"{option} is only for your own file: name it with --dataset path/to/file.csv")
    for spec in specs:
        _check_pair(spec, datasets.DATASETS[spec].model if spec in datasets.DATASETS else None, models)
    data: dict[tuple[str, str], Dataset] = {}
    for spec, dtype in product(specs, dict.fromkeys(options.dtypes or (DEFAULT_DTYPE,))):
        one = _read(spec, dtype, models, options)
        _check_pair(spec, one.model, models)
        if (one.name, dtype) in data:
            raise BadInput(f"dataset '{spec}': another dataset of this run is called {one.name}; rename the file")
        data[one.name, dtype] = one
    _check_all_used(models, data.values())
    return data


def _defaults(models: Sequence[Model]) -> tuple[str, ...]:
    if not models:
        return DEFAULT_DATASETS
    return tuple(name for name in DEFAULT_DATASETS if datasets.DATASETS[name].model in models)


def _is_file(spec: str) -> bool:
    return spec not in datasets.DATASETS and Path(spec).suffix.lower() in SUFFIXES


def _read(spec: str, dtype: str, models: Sequence[Model], options: Options) -> Dataset:
    try:
        model = models[0] if len(models) == 1 else None
        if _is_file(spec):
            one = datasets.load(spec, model=model, target=options.target, raw=options.raw, dtype=dtype)
        elif spec not in datasets.DATASETS and Path(spec).is_dir():
            _check_on_disk(spec, options)
            one = datasets.load(spec, model=model, dtype=dtype)
        else:
            one = datasets.load(spec, dtype=dtype)
    except datasets.UnknownDataset as error:
        raise unknown("dataset", error.name, datasets.DATASETS) from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    return one if options.learning_rate is None else replace(one, learning_rate=options.learning_rate)


def _check_pair(spec: str, model: Model | None, models: Sequence[Model]) -> None:
    if model is None or not models or model in models:
        return
    fitting = ", ".join(_of_models(models))
    raise BadInput(f"dataset '{spec}' is for {model}, not for {' or '.join(models)}: choose from {fitting}")


def _check_all_used(models: Sequence[Model], data: Iterable[Dataset]) -> None:
    found = {one.model for one in data}
    for model in models:
        if model not in found:
            raise BadInput(
                f"none of the given datasets is for model {model}: add one of {', '.join(_of_models([model]))}"
            )


def _of_models(models: Sequence[Model]) -> list[str]:
    return [name for name, row in datasets.DATASETS.items() if row.model in models]


def _check_on_disk(spec: str, options: Options) -> None:
    """Refuse options that data on disk do not support, before reading the data."""
    if not options.batch_sizes or FULL in options.batch_sizes:
        raise BadInput(f"dataset '{spec}' is read from disk batch by batch: give --batch-size, such as 65536")
    if options.shuffle:
        raise BadInput(f"dataset '{spec}' is read from disk in its own order: leave out --shuffle")
    if Feed.DEVICE in options.feeds:
        raise BadInput(f"dataset '{spec}' is read from disk, so it is fed from the host: leave out --feed device")
