"""What a parent and a resident worker say to each other: one JSON object a line, one request at a time.

For each cell of its job a worker is asked to `Prepare`, to `WarmUp`, then for each round `Turn` and `Go`, sometimes to
`Show` the parameters that the round ended with, and in the end to `Finish`. It answers every request but `Leave` with
one line. A cell that raises answers the request at hand with `Failed`, and the worker waits for the next cell's
`Prepare`.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from bench.store.cell import Status
from bench.store.raw_rows import Costs, Environment, Evidence
from bench.timing.jobs import Plan

# Parameters w and b as `bench.plan.starts.packed` makes text of them.
Packed = tuple[str, str]


class Prepare(msgspec.Struct, tag=True, frozen=True):
    """Make the trainer and run its very first epoch; with `pace`, find out how long an epoch takes."""

    pace: bool


class Made(msgspec.Struct, tag=True, frozen=True):
    """The trainer is made. `epoch_seconds` is None unless the pace was asked for."""

    epoch_seconds: float | None


class WarmUp(msgspec.Struct, tag=True, frozen=True):
    """Run rounds that are not recorded."""

    plan: Plan


class Leave(msgspec.Struct, tag=True, frozen=True):
    """Run no rounds of this cell, because only its pace was wanted. There is no answer."""


class Warm(msgspec.Struct, tag=True, frozen=True):
    """The number of rounds that were run."""

    rounds: int


class Turn(msgspec.Struct, tag=True, frozen=True):
    """Run the short untimed round, then reset the trainer to this start."""

    start: Packed


class Set(msgspec.Struct, tag=True, frozen=True):
    """The trainer has been reset to its start."""


class Go(msgspec.Struct, tag=True, frozen=True):
    """Run the round and time it."""


class Took(msgspec.Struct, tag=True, frozen=True):
    """The seconds of the round by the worker's own clock, and of a second synchronize after it."""

    seconds: Annotated[float, msgspec.Meta(gt=0)]
    again_seconds: float


class Show(msgspec.Struct, tag=True, frozen=True):
    """Report the parameters that the round ended with."""


class Shown(msgspec.Struct, tag=True, frozen=True):
    """The parameters, and their dtypes by name."""

    parameters: Packed
    dtypes: dict[str, str]


class Finish(msgspec.Struct, tag=True, frozen=True):
    """Run the rounds from these starts again, untimed, and report the remaining facts about the cell.

    prove   gather evidence, which takes about thirty rounds
    """

    starts: list[Packed]
    prove: bool


class Finished(msgspec.Struct, tag=True, frozen=True):
    """The facts about the cell; `repeated` holds the parameters that each repetition ended with."""

    first_epoch_seconds: float
    costs: Costs
    environment: Environment
    evidence: Evidence
    repeated: list[Packed]


class Failed(msgspec.Struct, tag=True, frozen=True):
    """The cell raised."""

    status: Status
    detail: str


Request = Prepare | Leave | WarmUp | Turn | Go | Show | Finish
Reply = Made | Warm | Set | Took | Shown | Finished | Failed

# The reply to each request, unless it is `Failed`.
ANSWERS: dict[type[Request], type[Reply]] = {
    Prepare: Made,
    WarmUp: Warm,
    Turn: Set,
    Go: Took,
    Show: Shown,
    Finish: Finished,
}

_Message = TypeVar("_Message", bound=Request | Reply)

_ENCODER = msgspec.json.Encoder()
_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_REPLIES: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def expected(message: Request | Reply, kind: type[_Message]) -> _Message:
    """Return the message, which is of this kind; TypeError if it is another."""
    if not isinstance(message, kind):
        raise TypeError(f"{type(message).__name__}, where {kind.__name__} comes next")
    return message


def line(message: Request | Reply) -> bytes:
    """Return a message as the line that is sent."""
    return _ENCODER.encode(message) + b"\n"


def request(text: bytes) -> Request:
    """Return the request that a line holds; ValueError if it holds none."""
    return _REQUESTS.decode(text)


def reply(text: bytes) -> Reply:
    """Return the reply that a line holds; ValueError if it holds none."""
    return _REPLIES.decode(text)
