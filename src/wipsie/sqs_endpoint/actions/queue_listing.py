"""ListQueues and ListDeadLetterSourceQueues."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.checks import check_number
from wipsie.sqs_endpoint.errors import invalid
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output


class ListInput(Input):
    """Which page of a list."""

    next_token: str | None = None
    max_results: int | None = None


class ListQueuesInput(ListInput):
    """Queues whose names begin alike."""

    queue_name_prefix: str | None = None


class ListSourcesInput(ListInput):
    """Queues that send their dead letters to this one."""

    queue_url: str | None = None


async def list_queues(call: Call, given: ListQueuesInput) -> Output:
    """URLs of queues, by name."""
    prefix = given.queue_name_prefix or ""
    names = [
        one.name
        for one in await call.engine.list_queues()
        if one.name.startswith(prefix) and call.access.sees(one.name)
    ]
    return _page(call, given, names, "QueueUrls")


async def list_dead_letter_source_queues(call: Call, given: ListSourcesInput) -> Output:
    """URLs of the queues that send their dead letters to one."""
    target = await call.queues.of_url(given.queue_url)
    names = [
        one.name
        for one in await call.engine.list_queues()
        if one.dead_letter_queue == target.name and call.access.sees(one.name)
    ]
    return _page(call, given, names, "queueUrls")


def _page(call: Call, given: ListInput, names: Sequence[str], member: str) -> Output:
    after = _read_token(given.next_token) if given.next_token else ""
    rest = [name for name in sorted(names) if name > after]
    size = given.max_results
    shown = rest[: sqs_limits.LIST_RESULTS_MAX]
    answer: Output = {}
    if size is not None:
        check_number("MaxResults", size, 1, sqs_limits.LIST_RESULTS_MAX)
        shown = rest[:size]
        if len(rest) > size:
            answer["NextToken"] = base64.urlsafe_b64encode(shown[-1].encode()).decode()
    if shown:
        answer[member] = [call.caller.queue_url(name) for name in shown]
    return answer


def _read_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        raise invalid("NextToken", token, "It has to be the NextToken of an earlier answer.") from None


LIST_QUEUES = Operation("ListQueues", ListQueuesInput, list_queues)
LIST_DEAD_LETTER_SOURCE_QUEUES = Operation(
    "ListDeadLetterSourceQueues", ListSourcesInput, list_dead_letter_source_queues
)
