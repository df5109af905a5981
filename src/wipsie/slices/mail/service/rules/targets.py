"""Where actions may lead, checked when a rule is written: to a queue that is there and a handler that takes what it gets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from wipsie.kernel.errors import InvalidInput, QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.kernel.mail_address import parse_address
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import RAW_TASK_TYPE
from wipsie.queue.notification import NOTIFICATIONS_QUEUE
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.mail.domain.rules.rule import Action, ForwardAction, IncidentAction, NotifyAction, TagAction
from wipsie.slices.mail.service.intake import MAIL_QUEUE
from wipsie.slices.mail.service.rules.messages import EXAMPLE
from wipsie.workers.handler import HandlerRegistry

_URL = re.compile(r"https?://[^\s\x00-\x20\x7f<>\"\\^`{|}]+", re.IGNORECASE)


class RuleTargets:
    """One per process."""

    def __init__(self, engine: QueueEngine, registry: HandlerRegistry) -> None:
        """`registry` may be filled later; it is asked at each check."""
        self._engine = engine
        self._registry = registry

    async def checked(self, actions: Sequence[Action], *, where: str = "actions") -> list[Action]:
        """The actions, with the short names of their queues. InvalidInput names the field that leads nowhere, which begins with
        `where`; StorageUnavailable while the queues cannot be asked."""
        return [await self._check(action, f"{where}[{index}]") for index, action in enumerate(actions)]

    async def _check(self, action: Action, where: str) -> Action:
        if isinstance(action, TagAction):
            return action
        if isinstance(action, ForwardAction):
            return await self._check_forward(action, where)
        if isinstance(action, IncidentAction):
            await self._resolve(OPERATIONS_QUEUE, f"{where}.kind")
            if not action.title.isprintable() or not action.title.strip():
                raise refused(f"{where}.title", "must be one line of printable characters")
            return action
        await self._resolve(NOTIFICATIONS_QUEUE, f"{where}.kind")
        return _checked_recipient(action, f"{where}.recipient")

    async def _check_forward(self, action: ForwardAction, where: str) -> ForwardAction:
        stored = await self._resolve(action.queue, f"{where}.queue")
        queues = await self._engine.list_queues()
        short = self._engine.names.short(stored)
        if short == MAIL_QUEUE:
            raise refused(f"{where}.queue", "is the queue of mail itself, and what is forwarded there would come again")
        if stored in {queue.dead_letter_queue for queue in queues}:
            raise refused(f"{where}.queue", "is a dead-letter queue; messages get there by themselves")
        self._check_task_type(short, action.task_type, f"{where}.task_type")
        return msgspec.structs.replace(action, queue=short)

    def _check_task_type(self, queue: str, task_type: str, where: str) -> None:
        known = sorted(name for of, name in self._registry.specs if of == queue)
        if not known:
            if task_type != RAW_TASK_TYPE:
                raise refused(where, f"must be {RAW_TASK_TYPE}: no handler of ours reads the queue {queue}")
            return
        spec = self._registry.specs.get((queue, task_type))
        if spec is None:
            raise refused(where, f"is not one of the queue {queue}, which has {', '.join(known)}")
        try:
            msgspec.convert(msgspec.to_builtins(EXAMPLE), spec.data_type)
        except msgspec.ValidationError as error:
            raise refused(where, f"wants other data than the names of a mail ({error})") from None

    async def _resolve(self, queue: str, where: str) -> QueueName:
        try:
            return self._engine.resolve(queue)
        except QueueNotFound:
            # Another process may have made it since.
            await self._engine.list_queues()
        try:
            return self._engine.resolve(queue)
        except QueueNotFound as error:
            raise refused(where, f"needs a queue that is not there: {error.message}") from None


def refused(field: str, problem: str) -> InvalidInput:
    """A field of a rule that cannot work."""
    return InvalidInput(
        f"Field '{field}' {problem}.",
        details={"field": field, "problem": problem, "errors": [{"location": f"body.{field}", "message": problem}]},
    )


def _checked_recipient(action: NotifyAction, where: str) -> NotifyAction:
    if action.channel == "email":
        return msgspec.structs.replace(action, recipient=str(parse_address(action.recipient, where)))
    try:
        parts = urlsplit(action.recipient)
        # A name and password would be shown to whoever reads the rule.
        is_url = bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    if not is_url or not _URL.fullmatch(action.recipient):
        raise refused(where, "must be an address that begins with http:// or https://, without a name and password")
    return action
