"""AddPermission and RemovePermission: statements of the queue's policy, by label.

They are kept and told, as any policy. Who may do what is not decided by them.
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint.checks import required
from wipsie.sqs_endpoint.errors import invalid, missing
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_attributes import POLICY, POLICY_ACTIONS

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"\d{12}")


class AddPermissionInput(Input):
    """Which accounts may do what."""

    queue_url: str | None = None
    label: str | None = None
    aws_account_ids: list[str] | None = msgspec.field(default=None, name="AWSAccountIds")
    actions: list[str] | None = None


class RemovePermissionInput(Input):
    """A statement by its label."""

    queue_url: str | None = None
    label: str | None = None


async def add_permission(call: Call, given: AddPermissionInput) -> Output:
    """Add a statement to the policy of a queue."""
    queue = await call.queues.of_url(given.queue_url)
    label = required("Label", given.label)
    if not _LABEL.fullmatch(label):
        raise invalid("Label", label, "It has 1 to 80 letters, digits, hyphens and underscores.")
    if not given.aws_account_ids:
        raise missing("AWSAccountIds")
    if not given.actions:
        raise missing("Actions")
    for account in given.aws_account_ids:
        if not _ACCOUNT.fullmatch(account):
            raise invalid("PrincipalId", account, "Unable to verify.")
    for action in given.actions:
        if action not in POLICY_ACTIONS:
            raise invalid("ActionName", action, f"It has to be one of {', '.join(POLICY_ACTIONS)}.")
    queue = await call.queues.look(queue.name)
    statements = _statements(queue)
    if any(one.get("Sid") == label for one in statements):
        raise invalid("Label", label, "Already exists.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_many([f"arn:aws:iam::{account}:root" for account in given.aws_account_ids])},
        "Action": _one_or_many([f"SQS:{action}" for action in given.actions]),
        "Resource": call.caller.queue_arn(queue.name),
    }
    await _write(call, queue, [*statements, statement])
    return {}


async def remove_permission(call: Call, given: RemovePermissionInput) -> Output:
    """Take a statement out of the policy of a queue."""
    queue = await call.queues.of_url(given.queue_url)
    label = required("Label", given.label)
    queue = await call.queues.look(queue.name)
    statements = _statements(queue)
    left = [one for one in statements if one.get("Sid") != label]
    if len(left) == len(statements):
        raise invalid("Label", label, "Can't find label on existing policy.")
    await _write(call, queue, left)
    return {}


def _policy(queue: QueueSettings) -> dict[str, Any]:
    text = queue.protocol_attributes.get(POLICY)
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {"Version": "2012-10-17"}


def _statements(queue: QueueSettings) -> list[dict[str, Any]]:
    """A policy may have one statement, without a list around it; what is no statement at all is left out."""
    found: Any = _policy(queue).get("Statement", [])
    many = cast("list[Any]", found) if isinstance(found, list) else [found]
    return [cast("dict[str, Any]", one) for one in many if isinstance(one, dict)]


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


async def _write(call: Call, queue: QueueSettings, statements: list[dict[str, Any]]) -> None:
    kept = dict(queue.protocol_attributes)
    if statements:
        kept[POLICY] = msgspec.json.encode({**_policy(queue), "Statement": statements}).decode()
    else:
        kept.pop(POLICY, None)
    call.queues.forget(queue.name)
    await call.engine.change_queue(msgspec.structs.replace(queue, protocol_attributes=kept))
    call.queues.forget(queue.name)


ADD_PERMISSION = Operation("AddPermission", AddPermissionInput, add_permission, has_result=False)
REMOVE_PERMISSION = Operation("RemovePermission", RemovePermissionInput, remove_permission, has_result=False)
