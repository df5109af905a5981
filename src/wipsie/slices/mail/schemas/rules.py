"""Rules for mails over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.slices.mail.domain.rules.rule import (
    ACTIONS_MAX,
    NAME_CHARACTERS_MAX,
    RULES_MAX,
    Action,
    Actions,
    Condition,
    Conditions,
)

RuleName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Position = Annotated[int, Meta(ge=1, le=RULES_MAX)]
Moment = Annotated[datetime, Meta(tz=True)]
LOOKED_AT_MAX = 10_000
LOOKED_AT_DEFAULT = 1_000


class NewRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule for mails that come from now on."""

    name: RuleName
    """One line, like no other rule's."""
    conditions: Conditions
    """All must hold."""
    actions: Actions
    enabled: bool = True
    stop: bool = False
    """No later rule is asked about a mail of which this one holds."""
    position: Position | None = None
    """Which rule it is, from 1; the last when nothing is said."""


class RuleChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays. Lists are replaced whole."""

    name: RuleName | UnsetType = UNSET
    conditions: Conditions | UnsetType = UNSET
    actions: Actions | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    stop: bool | UnsetType = UNSET


class RulePosition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a rule goes."""

    position: Position
    """From 1; beyond the last is the last."""


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule."""

    id: str
    name: str
    position: int
    """Rules are asked from the smallest on."""
    enabled: bool
    stop: bool
    conditions: list[Condition]
    actions: list[Action]
    problem: str | None
    """Why it cannot be read, and does nothing; null for one that can."""
    created_at: str
    created_by: str | None
    updated_at: str
    updated_by: str | None
    version: int


class TriedRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule that need not be one yet."""

    conditions: Conditions
    name: RuleName = "dry run"
    actions: Annotated[list[Action], Meta(max_length=ACTIONS_MAX)] = []
    enabled: bool = True
    stop: bool = False
    position: Position | None = None


class DryRunRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which mails of the archive a rule would have held of."""

    rule: TriedRule
    """As it would be written; its conditions are what counts."""
    newest: Annotated[int, Meta(ge=1, le=LOOKED_AT_MAX)] = LOOKED_AT_DEFAULT
    """At most so many mails, from the newest on."""
    since: Moment | None = None
    """Only mails that were sent at or after this."""
    until: Moment | None = None
    """Only mails that were sent before this."""


class TriedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, and what held of it."""

    id: str
    subject: str
    sender: str
    sent_at: datetime
    held: list[bool]
    """For each condition, in order."""


class DryRunView(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done. Nothing was done."""

    looked_at: int
    is_complete: bool
    """All that was asked for was looked at; false when time ran out, and the oldest are missing."""
    matched: int
    condition_counts: list[int]
    """For each condition, of how many mails it held."""
    mails: list[TriedMail]
    """The newest that matched, at most 50."""
    near_misses: list[TriedMail]
    """The newest of which all conditions but one held, at most 10."""
