"""Device names; kept separate because workers read them and need nothing else of the plan."""

from __future__ import annotations

from bench.errors import BadInput, unknown
from bench.store.cell import CPU
from impls.protocol import Device

DEVICE_KINDS = (CPU, "cuda", "mps", "xpu", "tpu")

# Names that other tools use for a kind of device.
_ALSO_KNOWN_AS = {"gpu": "cuda", "nvidia": "cuda", "rocm": "cuda", "metal": "mps", "host": CPU}


def device(text: str) -> Device:
    """Return the device named "cpu", "cuda" or "cuda:1"; BadInput for an unknown kind."""
    kind, colon, index = text.partition(":")
    if kind not in DEVICE_KINDS:
        if kind.lower() in _ALSO_KNOWN_AS:
            raise BadInput(f"unknown device '{text}': did you mean {_ALSO_KNOWN_AS[kind.lower()]}?")
        raise unknown("device", text, DEVICE_KINDS)
    if colon and not (index.isascii() and index.isdigit()):
        raise BadInput(f"device '{text}': '{index}' is not an index; write {kind} or {kind}:0")
    if kind == CPU and int(index or 0):
        raise BadInput(f"device '{text}': there is only one cpu; write cpu, and set --threads for its threads")
    return Device(kind, int(index or 0))
