"""What whoever asks may do: everything, where the endpoint is open, else what the key that signed allows."""

from __future__ import annotations

from typing import Any, Protocol

from wipsie.auth.signing_keys import SigningKey
from wipsie.kernel.ids import QueueName
from wipsie.sqs_endpoint.caller import Caller, queue_of_arn, queue_of_url
from wipsie.sqs_endpoint.errors import ACCESS_DENIED, SqsError, shown
from wipsie.sqs_endpoint.moves.task import read_handle

LIST_QUEUES = "ListQueues"
LOOK_UP = "GetQueueUrl"


class Access(Protocol):
    """Of one request."""

    def check(self, action: str, queue: str | None) -> None:
        """SqsError, AccessDenied, unless `action` may be done to `queue`. None: the request names no queue, which is refused
        here for those who may do it to none; the action itself tells the others what is missing."""
        ...

    def sees(self, queue: str) -> bool:
        """Whether there is anything that may be done with `queue`."""
        ...


class OpenAccess:
    """Everything, for everybody."""

    def check(self, action: str, queue: str | None) -> None:
        del action, queue

    def sees(self, queue: str) -> bool:
        del queue
        return True


OPEN_ACCESS = OpenAccess()


class KeyAccess:
    """What a key allows."""

    __slots__ = ("_caller", "_key")

    def __init__(self, key: SigningKey, caller: Caller) -> None:
        self._key = key
        self._caller = caller

    def check(self, action: str, queue: str | None) -> None:
        rights = self._key.rights
        if not (rights.may_somewhere(action) if queue is None else rights.may(action, queue)):
            resource = "*" if queue is None else self._caller.queue_arn(shown(queue))
            raise SqsError(
                ACCESS_DENIED,
                f"User: arn:aws:iam::{self._caller.account}:user/{self._key.user_id} is not authorized to perform: "
                f"sqs:{action.lower()} on resource: {resource} because no rule of the key {self._key.id} allows it, or its "
                "owner may not do it.",
            )

    def sees(self, queue: str) -> bool:
        return self._key.rights.may(LOOK_UP, queue)


def named_queue(given: Any) -> QueueName | None:
    """The queue an input names, by URL, name, ARN or the handle of a task; None when it names none that can be read."""
    if url := getattr(given, "queue_url", None):
        return queue_of_url(url)
    if name := getattr(given, "queue_name", None):
        return QueueName(name)
    arn: str | None = getattr(given, "source_arn", None)
    if text := getattr(given, "task_handle", None):
        handle = read_handle(text)
        arn = None if handle is None else handle.source_arn
    return queue_of_arn(arn) if arn else None
