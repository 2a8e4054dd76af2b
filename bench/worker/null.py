"""The null implementation: its epoch does nothing, so its time is what the harness adds.

Only the clock uses it, by name: `impls.load` cannot load it (it names no runtime), and neither the gate nor any ranking
includes it.
"""

from __future__ import annotations

from impls.protocol import Dataset, Device, FloatArray, LabelArray, Params, Recipe

# The library whose conditions are recorded with its times.
RUNTIME = "numpy"


class Null:
    """A trainer that stays at its start."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        del dataset, recipe
        self._device = device
        self._params = start

    def reset(self, start: Params, epochs: int) -> None:
        """Go to this start; there are no rows to order."""
        del epochs
        self._params = start

    def epoch(self) -> None:
        """Do nothing."""

    def synchronize(self) -> None:
        """Wait for nothing."""

    def loss_and_gradients(self) -> tuple[float, Params]:
        """Return no loss, and gradients like the parameters."""
        return 0.0, self._params

    def predict(self, x: FloatArray) -> FloatArray:
        """Never asked."""
        raise NotImplementedError

    def classify(self, x: FloatArray) -> LabelArray:
        """Never asked."""
        raise NotImplementedError

    def placement(self) -> frozenset[str]:
        """Return the device that it was given: it has no arrays of its own."""
        return frozenset({str(self._device)})

    def params(self) -> Params:
        """Return the start."""
        return self._params
