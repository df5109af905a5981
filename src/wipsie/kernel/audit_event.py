"""What is said of one change: who did what to what. The words of the audit log, without the log.

Nothing personal stands in an event: people, keys and objects are named by their ids, and facts are short words and numbers.
What somebody wrote stays in the row it was written into, which can be erased; the log cannot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from wipsie.kernel.errors import InvalidInput

Fact = str | int | bool | None

NAME_CHARACTERS_MAX = 200
FACTS_MAX = 20
_ACTOR = re.compile(r"[a-z]{2,20}(:[A-Za-z0-9_.@-]{1,100})?")
_ACTION = re.compile(r"[a-z_]{2,40}:[a-z_]{2,40}:[a-z_]{2,40}")
_FACT_NAME = re.compile(r"[a-z_]{1,40}")
_WORD = re.compile(r"[A-Za-z0-9_.:/@+-]{0,100}")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change. InvalidInput for one that the log does not take: made in code, so a refusal is a mistake of ours."""

    actor: str
    """Kind and id, for example ``user:usr_0193…``, ``key:key_0193…``, ``cli`` or ``schedule:daily-summary``."""
    action: str
    """``slice:subject:verb``, for example ``workers:schedule:pause``."""
    object: str
    """Kind and id of what was changed, for example ``schedule:nightly``."""
    facts: Mapping[str, Fact] = {}
    """What is worth knowing of it: states before and after, numbers, ids."""

    def __post_init__(self) -> None:
        if not _ACTOR.fullmatch(self.actor):
            raise _refused("actor", self.actor)
        if not _ACTION.fullmatch(self.action):
            raise _refused("action", self.action)
        kind, separator, name = self.object.partition(":")
        if not (kind.isascii() and kind.isidentifier() and separator and 0 < len(name) <= NAME_CHARACTERS_MAX):
            raise _refused("object", self.object)
        if not name.isprintable():
            raise _refused("object", self.object)
        if len(self.facts) > FACTS_MAX:
            raise _refused("facts", f"{len(self.facts)} facts")
        for fact, value in self.facts.items():
            if not _FACT_NAME.fullmatch(fact) or (isinstance(value, str) and not _WORD.fullmatch(value)):
                raise _refused("facts", fact)


def _refused(field: str, value: str) -> InvalidInput:
    return InvalidInput(
        f"An audit event does not take this {field}: {value[:100]!r}; see wipsie.kernel.audit_event.",
        details={"field": field},
    )
