"""Attributes of queues: how those that clients give become settings, and how settings are told.

What the engine knows is a field of `QueueSettings`; what only clients of this protocol know is kept with the queue, word for
word, in `QueueSettings.protocol_attributes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.caller import Caller, queue_of_arn
from wipsie.sqs_endpoint.errors import (
    INVALID_ATTRIBUTE_NAME,
    INVALID_ATTRIBUTE_VALUE,
    INVALID_PARAMETER,
    SqsError,
    shown,
)

CREATED = "CreatedTimestamp"
MODIFIED = "LastModifiedTimestamp"
ALLOW_POLICY = "RedriveAllowPolicy"
POLICY = "Policy"
POLICY_ACTIONS = (
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
)
"""What a statement of a policy may allow."""
_WAIT = "ReceiveMessageWaitTimeSeconds"
_NUMBER = re.compile(r"\d{1,10}")
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")

NUMBERS: Mapping[str, tuple[int, int]] = {
    "VisibilityTimeout": (0, sqs_limits.VISIBILITY_TIMEOUT_S_MAX),
    "MessageRetentionPeriod": (sqs_limits.RETENTION_S_MIN, sqs_limits.RETENTION_S_MAX),
    "DelaySeconds": (0, sqs_limits.DELAY_S_MAX),
    "MaximumMessageSize": (sqs_limits.MESSAGE_BYTES_MIN, sqs_limits.MESSAGE_BYTES_MAX),
    _WAIT: (0, sqs_limits.WAIT_S_MAX),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
TEXTS = (POLICY, "RedrivePolicy", ALLOW_POLICY, "KmsMasterKeyId")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
READABLE = frozenset({*NUMBERS, *CHOICES, *TEXTS, *COUNTS, CREATED, MODIFIED, "QueueArn"})
_TEXT_LENGTH_MAX = 64 * 1024
_KEPT = ("KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "FifoThroughputLimit", POLICY, "KmsMasterKeyId")


class RedrivePolicy(msgspec.Struct, rename="camel"):
    """Where messages go that were received too often, and when."""

    dead_letter_target_arn: str
    max_receive_count: int


class RedriveAllowPolicy(msgspec.Struct, rename="camel"):
    """Which queues may send their dead letters here."""

    redrive_permission: str = "allowAll"
    source_queue_arns: list[str] = []

    def allows(self, source: QueueName) -> bool:
        """Whether `source` may."""
        if self.redrive_permission == "byQueue":
            return source in [queue_of_arn(arn) for arn in self.source_queue_arns]
        return self.redrive_permission != "denyAll"


def default_wait_s(queue: QueueSettings) -> int:
    """How long a receive waits that does not say."""
    text = queue.protocol_attributes.get(_WAIT)
    return int(text) if text else 0


def allow_policy(queue: QueueSettings) -> RedriveAllowPolicy:
    """The policy of a queue about who may use it for dead letters."""
    text = queue.protocol_attributes.get(ALLOW_POLICY)
    return msgspec.json.decode(text, type=RedriveAllowPolicy) if text else RedriveAllowPolicy()


def apply_attributes(settings: QueueSettings, given: Mapping[str, str]) -> QueueSettings:
    """The settings with what was given. SqsError: InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue."""
    for name, value in given.items():
        _check(settings, name, value)
        settings = _APPLY[name](settings, value)
    return settings


def _check(settings: QueueSettings, name: str, value: str) -> None:
    if name not in _APPLY:
        raise SqsError(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {shown(name)}.")
    if name in _FIFO_ONLY and not settings.fifo:
        raise SqsError(INVALID_ATTRIBUTE_NAME, f"You can specify the {name} only when FifoQueue is set to true.")
    if not value and name in TEXTS:
        # Taken away.
        return
    if (bounds := NUMBERS.get(name)) is not None:
        if not _NUMBER.fullmatch(value) or not bounds[0] <= int(value) <= bounds[1]:
            raise _wrong(name, value)
    elif (choices := CHOICES.get(name)) is not None:
        if value.lower() not in [choice.lower() for choice in choices]:
            raise _wrong(name, value)
    elif len(value) > _TEXT_LENGTH_MAX:
        raise _wrong(name, value)


def _wrong(name: str, value: str, reason: str = "") -> SqsError:
    return SqsError(
        INVALID_ATTRIBUTE_VALUE, f"Invalid value {shown(value)} for the parameter {name}. {reason}".rstrip()
    )


def _field(field: str, read: Callable[[str], object]) -> Callable[[QueueSettings, str], QueueSettings]:
    def apply(settings: QueueSettings, value: str) -> QueueSettings:
        return msgspec.structs.replace(settings, **{field: read(value)})

    return apply


def _kept(name: str, read: Callable[[str], str] = str) -> Callable[[QueueSettings, str], QueueSettings]:
    def apply(settings: QueueSettings, value: str) -> QueueSettings:
        kept = dict(settings.protocol_attributes)
        if value and (written := read(value)):
            kept[name] = written
        else:
            kept.pop(name, None)
        return msgspec.structs.replace(settings, protocol_attributes=kept)

    return apply


def _choice(name: str) -> Callable[[str], str]:
    return lambda value: next(choice for choice in CHOICES[name] if choice.lower() == value.lower())


def _is_true(value: str) -> bool:
    return value.lower() == "true"


def _same(settings: QueueSettings, value: str) -> QueueSettings:
    """`FifoQueue` is settled when the queue is made."""
    return settings


def _redrive_policy(settings: QueueSettings, value: str) -> QueueSettings:
    if not value:
        return msgspec.structs.replace(settings, dead_letter_queue=None)
    policy = _decode("RedrivePolicy", value, RedrivePolicy)
    target = queue_of_arn(policy.dead_letter_target_arn)
    if target is None or not 1 <= policy.max_receive_count <= sqs_limits.RECEIVE_COUNT_MAX:
        raise SqsError(
            INVALID_PARAMETER,
            f"Value {shown(value)} for parameter RedrivePolicy is invalid. Reason: deadLetterTargetArn has to be the ARN of "
            f"a queue, and maxReceiveCount a number from 1 to {sqs_limits.RECEIVE_COUNT_MAX}.",
        )
    return msgspec.structs.replace(settings, dead_letter_queue=target, max_receive_count=policy.max_receive_count)


def _read_allow_policy(value: str) -> str:
    policy = _decode(ALLOW_POLICY, value, RedriveAllowPolicy)
    by_queue = policy.redrive_permission == "byQueue"
    count = len(policy.source_queue_arns)
    if (
        policy.redrive_permission not in ("allowAll", "denyAll", "byQueue")
        or by_queue != bool(count)
        or count > sqs_limits.SOURCE_ARNS_MAX
        or any(queue_of_arn(arn) is None for arn in policy.source_queue_arns)
    ):
        raise _wrong(
            ALLOW_POLICY,
            value,
            f"redrivePermission is allowAll, denyAll, or byQueue with 1 to {sqs_limits.SOURCE_ARNS_MAX} sourceQueueArns.",
        )
    return value


def _read_policy(value: str) -> str:
    _decode(POLICY, value, dict[str, Any])
    return value


def _decode(name: str, value: str, kind: type[Any]) -> Any:
    try:
        # Numbers may come as text.
        return msgspec.json.decode(value, type=kind, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _wrong(name, value, "It has to be a JSON object of the form Amazon SQS describes.") from None


_APPLY: Mapping[str, Callable[[QueueSettings, str], QueueSettings]] = {
    "VisibilityTimeout": _field("visibility_timeout_s", float),
    "MessageRetentionPeriod": _field("retention_s", int),
    "DelaySeconds": _field("delay_s", float),
    "MaximumMessageSize": _field("message_bytes_max", int),
    _WAIT: _kept(_WAIT, lambda value: str(int(value)) if int(value) else ""),
    "FifoQueue": _same,
    "ContentBasedDeduplication": _field("content_based_deduplication", _is_true),
    "DeduplicationScope": _field(
        "deduplication_by_group", lambda value: _choice("DeduplicationScope")(value) != "queue"
    ),
    "FifoThroughputLimit": _kept("FifoThroughputLimit", _choice("FifoThroughputLimit")),
    "KmsMasterKeyId": _kept("KmsMasterKeyId"),
    "KmsDataKeyReusePeriodSeconds": _kept("KmsDataKeyReusePeriodSeconds", lambda value: str(int(value))),
    "SqsManagedSseEnabled": _kept("SqsManagedSseEnabled", _choice("SqsManagedSseEnabled")),
    POLICY: _kept(POLICY, _read_policy),
    "RedrivePolicy": _redrive_policy,
    ALLOW_POLICY: _kept(ALLOW_POLICY, _read_allow_policy),
}


def told_attributes(settings: QueueSettings, caller: Caller) -> dict[str, str]:
    """Everything but the counts, as clients read it."""
    kept = settings.protocol_attributes
    told = {
        "QueueArn": caller.queue_arn(settings.name),
        CREATED: kept.get(CREATED, "0"),
        MODIFIED: kept.get(MODIFIED, kept.get(CREATED, "0")),
        "VisibilityTimeout": str(round(settings.visibility_timeout_s)),
        "MaximumMessageSize": str(settings.message_bytes_max),
        "MessageRetentionPeriod": str(settings.retention_s),
        "DelaySeconds": str(round(settings.delay_s)),
        _WAIT: kept.get(_WAIT, "0"),
        # What lies on the disk is not sealed by us, whatever the default of Amazon is.
        "SqsManagedSseEnabled": "false",
    }
    if settings.fifo:
        told["FifoQueue"] = "true"
        told["ContentBasedDeduplication"] = "true" if settings.content_based_deduplication else "false"
        told["DeduplicationScope"] = "messageGroup" if settings.deduplication_by_group else "queue"
        told["FifoThroughputLimit"] = "perQueue"
    if settings.dead_letter_queue is not None:
        policy = {
            "deadLetterTargetArn": caller.queue_arn(settings.dead_letter_queue),
            "maxReceiveCount": settings.max_receive_count,
        }
        told["RedrivePolicy"] = msgspec.json.encode(policy).decode()
    return told | {name: kept[name] for name in (*_KEPT, ALLOW_POLICY) if name in kept}


def difference(given: Mapping[str, str], wanted: QueueSettings, existing: QueueSettings, caller: Caller) -> str | None:
    """The first given attribute in which an existing queue differs from the wanted one."""
    left, right = told_attributes(wanted, caller), told_attributes(existing, caller)
    return next((name for name in given if _meaning(left.get(name)) != _meaning(right.get(name))), None)


def _meaning(text: str | None) -> object:
    """Policies are equal as JSON, however they are written."""
    if text is None or not text.startswith("{"):
        return text
    return cast("object", msgspec.json.decode(text))
