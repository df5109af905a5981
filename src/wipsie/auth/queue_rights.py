"""What may be done with queues, by the names of Amazon's actions, and the rules by which a key allows it.

    rule      actions ":" queue
    actions   with commas between: the name of an action, a group (send, receive, delete, read, manage), or * for all
    queue     the stored name of a queue, in which each * stands for any characters

``send:orders*`` and ``receive,delete:invoices`` are rules. What no rule allows is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from wipsie.auth.rights import Extent
from wipsie.kernel.errors import InvalidInput

READ = "queues:read"
SEND = "queues:send"
CONSUME = "queues:consume"
MANAGE = "queues:manage"

GROUPS: Mapping[str, Sequence[str]] = {
    "send": ("SendMessage", "SendMessageBatch"),
    "receive": ("ReceiveMessage", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
    "delete": ("DeleteMessage", "DeleteMessageBatch"),
    "read": (
        "GetQueueUrl",
        "GetQueueAttributes",
        "ListQueues",
        "ListQueueTags",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
    ),
    "manage": (
        "CreateQueue",
        "DeleteQueue",
        "SetQueueAttributes",
        "PurgeQueue",
        "TagQueue",
        "UntagQueue",
        "AddPermission",
        "RemovePermission",
        "StartMessageMoveTask",
        "CancelMessageMoveTask",
    ),
}
_PERMISSIONS = {"send": SEND, "receive": CONSUME, "delete": CONSUME, "read": READ, "manage": MANAGE}
PERMISSION_OF: Mapping[str, str] = {
    action: _PERMISSIONS[group] for group, actions in GROUPS.items() for action in actions
}
"""The permission of the rights table that each action takes of the owner of a key."""
ALWAYS = frozenset({"GetQueueUrl", "ListQueues"})
"""Whoever may do anything with a queue may know of it: clients ask for its URL first."""
EVERYTHING = "*"

RULES_MAX = 50
RULE_LENGTH_MAX = 300
_STARS_MAX = 8
_NAME_LENGTH_MAX = 100
_QUEUE = re.compile(rf"[A-Za-z0-9_.*-]{{1,{_NAME_LENGTH_MAX}}}")
_REMEMBERED_MAX = 1_000


class Rule(msgspec.Struct, frozen=True):
    """One rule, read."""

    words: tuple[str, ...]
    """The actions as they were written."""
    queue: str

    @property
    def actions(self) -> frozenset[str]:
        """The actions they mean."""
        return frozenset(action for word in self.words for action in _meaning(word))


def read_rule(text: str) -> Rule:
    """What a rule says. InvalidInput."""
    actions, colon, queue = text.strip().partition(":")
    words = tuple(dict.fromkeys(word.strip() for word in actions.split(",")))
    queue = queue.strip()
    if not colon or len(text) > RULE_LENGTH_MAX or not _QUEUE.fullmatch(queue) or queue.count("*") > _STARS_MAX:
        raise _refused(
            text, f"a rule is actions:queue, such as send:orders*, with up to {_STARS_MAX} * in the name of the queue"
        )
    for word in words:
        if word != EVERYTHING and word not in GROUPS and word not in PERMISSION_OF:
            raise _refused(
                text, f"{word[:60]!r} is neither a group ({', '.join(GROUPS)}, *) nor an action of Amazon SQS"
            )
    return Rule(words, queue)


def check_rules(texts: Iterable[str], extents: Mapping[str, Extent]) -> list[str]:
    """Rules of a new key, each once. InvalidInput for one that cannot be read, or names what its owner may not do at all."""
    rules = {text.strip(): read_rule(text) for text in texts}
    if not 1 <= len(rules) <= RULES_MAX:
        raise InvalidInput(f"A key has 1 to {RULES_MAX} rules.", details={"field": "allow"})
    for text, rule in rules.items():
        for word in rule.words:
            wanted = {PERMISSION_OF[action] for action in _meaning(word)}
            having = {one for one in wanted if extents.get(one, Extent.NONE) is Extent.ALL}
            # "All" is what the owner may; of what is named, everything has to be theirs.
            if not having or (word != EVERYTHING and having != wanted):
                raise _refused(text, f"its owner lacks {', '.join(sorted(wanted - having))}")
    return list(rules)


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern in which each * stands for any characters, also none."""
    first, *middle = pattern.split("*")
    if not middle:
        return name == pattern
    last = middle.pop()
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


class QueueRights:
    """What a key may do now: its rules, as far as the rights of its owner reach."""

    def __init__(self, texts: Iterable[str], extents: Mapping[str, Extent]) -> None:
        """A rule that this version cannot read allows nothing."""
        allowed = frozenset(
            action for action, permission in PERMISSION_OF.items() if extents.get(permission, Extent.NONE) is Extent.ALL
        )
        self._rules = [(rule.actions & allowed, rule.queue) for rule in map(_read, texts) if rule is not None]
        # Asked with every request, and of few queues.
        self._known: dict[tuple[str, str], bool] = {}

    def __len__(self) -> int:
        """How many answers are remembered."""
        return len(self._known)

    def may(self, action: str, queue: str) -> bool:
        """Whether an action on a queue is allowed."""
        known = self._known.get((action, queue))
        if known is not None:
            return known
        if action in ALWAYS:
            is_allowed = any(actions and matches(pattern, queue) for actions, pattern in self._rules)
        else:
            is_allowed = any(action in actions and matches(pattern, queue) for actions, pattern in self._rules)
        # Clients choose the names, how many and how long.
        if len(queue) <= _NAME_LENGTH_MAX:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            self._known[action, queue] = is_allowed
        return is_allowed

    def may_somewhere(self, action: str) -> bool:
        """Whether an action is allowed on any queue at all."""
        return any(actions if action in ALWAYS else action in actions for actions, _ in self._rules)


def _meaning(word: str) -> Iterable[str]:
    if word == EVERYTHING:
        return PERMISSION_OF
    return GROUPS.get(word, (word,))


def _read(text: str) -> Rule | None:
    try:
        return read_rule(text)
    except InvalidInput:
        return None


def _refused(text: str, why: str) -> InvalidInput:
    return InvalidInput(f"The rule {text[:80]!r} cannot be: {why}.", details={"field": "allow", "groups": list(GROUPS)})
