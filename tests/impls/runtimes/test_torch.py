from __future__ import annotations

import time
from typing import Any

import pytest

from impls import runtimes


def test_torch_times_a_device_by_events_in_the_stream_that_it_works_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a planted device, which stands still between the two events for 2.5 ms."""
    torch: Any = pytest.importorskip("torch")
    happened: list[tuple[object, ...]] = []

    class Event:
        def __init__(self, device: str, *, enable_timing: bool) -> None:
            happened.append(("event", device, enable_timing))

        def record(self, stream: str) -> None:
            happened.append(("record", stream))

        def synchronize(self) -> None:
            happened.append(("synchronize",))

        def elapsed_time(self, _other: Event) -> float:
            return 2.5

    monkeypatch.setattr(torch, "Event", Event)
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda device: f"stream of {device}")
    seconds = runtimes.load("torch").event_clock("cuda:1")
    assert seconds is not None
    assert seconds(lambda: happened.append(("work",))) == 2.5e-3
    stream = ("record", "stream of cuda:1")
    assert happened == [("event", "cuda:1", True)] * 2 + [stream, ("work",), stream, ("synchronize",)]


@pytest.mark.parametrize("device", ["mps:0", "xpu:0"])
def test_torch_puts_events_around_the_work_of_cuda_alone(device: str) -> None:
    pytest.importorskip("torch")
    assert runtimes.load("torch").event_clock(device) is None


def test_events_of_cuda_take_some_time_and_no_more_than_passes_on_the_host() -> None:
    torch: Any = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    x = torch.ones((2048, 2048), device="cuda:0")
    torch.matmul(x, x)  # starts the library
    torch.cuda.synchronize()
    seconds_between = runtimes.load("torch").event_clock("cuda:0")
    assert seconds_between is not None
    began = time.perf_counter()
    seconds = seconds_between(lambda: torch.matmul(x, x))
    assert 0 < seconds <= time.perf_counter() - began
