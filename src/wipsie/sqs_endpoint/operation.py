"""What an action is made of: its input, what it may use, and how it is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive

from wipsie.database.shared_store import SharedStore
from wipsie.queue.engine import QueueEngine
from wipsie.sqs_endpoint.access import OPEN_ACCESS, Access
from wipsie.sqs_endpoint.caller import Caller
from wipsie.sqs_endpoint.known_queues import KnownQueues
from wipsie.sqs_endpoint.moves.runner import MoveTasks
from wipsie.sqs_endpoint.strictness import Strictness

Output = dict[str, Any]
"""Members by their names in the JSON protocol, without those that are empty; each protocol writes them in its own way."""


class Input(msgspec.Struct, kw_only=True, rename="pascal"):
    """Base of inputs: members are named as clients send them. What is not declared is ignored, as Amazon does."""


class Means(NamedTuple):
    """What all requests to an endpoint share."""

    engine: QueueEngine
    queues: KnownQueues
    moves: MoveTasks
    shared: SharedStore
    """For what all processes have to know for a few minutes."""
    strictness: Strictness | None
    """What Amazon locks is locked here too; None: it is not."""


class Call:
    """One request, as an action sees it."""

    __slots__ = ("access", "caller", "engine", "means", "queues", "receive")

    def __init__(self, means: Means, caller: Caller, receive: Receive, access: Access = OPEN_ACCESS) -> None:
        self.means = means
        self.engine = means.engine
        self.queues = means.queues
        self.caller = caller
        self.receive = receive
        """Tells, once the body is read, when the client hangs up."""
        self.access = access
        """What whoever asks may do. That they may do this to the queue they name is settled; with other queues, ask."""


class Operation(NamedTuple):
    """A verb of the protocol."""

    name: str
    input: type[Input]
    run: Callable[[Call, Any], Awaitable[Output]]
    has_result: bool = True
    """The service describes an output, be it empty: in XML it has an element of its own."""
