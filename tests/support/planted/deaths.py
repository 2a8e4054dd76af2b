"""An implementation that fails in the way its dataset's name says, and otherwise trains nothing at all."""

from __future__ import annotations

import ctypes
import os

import psutil

from impls.protocol import Dataset, Device, FloatArray, LabelArray, Params, Recipe


class Deadly:
    runtime = "numpy"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        del recipe, device
        self._name = dataset.name
        self._params = start
        self._x = dataset.x
        if self._name == "raises at once":
            raise RuntimeError("planted in the constructor")

    def reset(self, start: Params, epochs: int) -> None:
        del epochs
        self._params = start

    def epoch(self) -> None:  # noqa: C901 - one case per death
        match self._name:
            case "raises":
                raise RuntimeError("planted in epoch")
            case "exits":
                os._exit(0)
            case "segfault":
                ctypes.string_at(0)
            case "allocates":
                bytearray(2 * psutil.virtual_memory().total)
            case "never ends":
                while True:
                    pass
            case "floods":
                while True:
                    print("x" * 1_000_000)

    def synchronize(self) -> None:
        if self._name == "raises late":
            raise RuntimeError("planted in synchronize")

    def loss_and_gradients(self) -> tuple[float, Params]:
        return 0.0, self._params

    def predict(self, x: FloatArray) -> FloatArray:
        raise NotImplementedError

    def classify(self, x: FloatArray) -> LabelArray:
        raise NotImplementedError

    def placement(self) -> frozenset[str]:
        return frozenset({"cpu"})

    def params(self) -> Params:
        return self._params
