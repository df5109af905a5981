"""Decisions over the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.texts import Line, Prose

DecisionStatus = Literal["draft", "proposed", "accepted", "rejected", "deprecated", "superseded"]
DECISION_STATUSES: tuple[DecisionStatus, ...] = (
    "draft",
    "proposed",
    "accepted",
    "rejected",
    "deprecated",
    "superseded",
)
Argument = Annotated[str, Meta(min_length=1, max_length=2_000)]
"""One line; records in Markdown hold longer ones than status updates do."""
Arguments = Annotated[list[Argument], Meta(max_length=50)]
Parties = Annotated[list[Line], Meta(max_length=100)]
"""User ids of colleagues, names of others."""


class DecisionOption(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One option that was considered."""

    title: Line
    description: Prose = ""
    pros: Arguments = []
    neutral: Arguments = []
    cons: Arguments = []


Options = Annotated[list[DecisionOption], Meta(max_length=50)]
Chosen = Annotated[int, Meta(ge=0, le=49)] | Line
"""Place of an option, from 0 on, or its title."""


class NewDecision(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A decision to be written."""

    title: Line
    status: Literal["draft", "proposed"] = "draft"
    context: Prose = ""
    drivers: Arguments = []
    options: Options = []
    chosen: Chosen | None = None
    outcome: Prose = ""
    """What is decided, and why."""
    consequences: Arguments = []
    confirmation: Prose = ""
    """How one will see that it was carried out."""
    notes: Prose = ""
    decision_makers: Parties = []
    consulted: Parties = []
    informed: Parties = []
    decided_on: date | None = None
    revisit_on: date | None = None


class DecisionChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays. Lists are sent whole."""

    title: Line | UnsetType = UNSET
    context: Prose | UnsetType = UNSET
    drivers: Arguments | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    chosen: Chosen | UnsetType | None = UNSET
    outcome: Prose | UnsetType = UNSET
    consequences: Arguments | UnsetType = UNSET
    confirmation: Prose | UnsetType = UNSET
    notes: Prose | UnsetType = UNSET
    decision_makers: Parties | UnsetType = UNSET
    consulted: Parties | UnsetType = UNSET
    informed: Parties | UnsetType = UNSET
    decided_on: date | UnsetType | None = UNSET
    revisit_on: date | UnsetType | None = UNSET


class DecisionTransition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A move to another state."""

    to: DecisionStatus
    reason: Prose = ""
    decided_on: date | None = None
    """Of an acceptance or a rejection: the day, if not today."""


class Supersession(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What stands in place of a decision from now on: one of the two."""

    by: Line | None = None
    """Id or number of a decision that is accepted."""
    decision: NewDecision | None = None
    """A new one, which is accepted with this."""
    reason: Prose = ""


class Party(msgspec.Struct, kw_only=True):
    """Somebody who has to do with a decision."""

    id: str | None
    """Null for somebody without an account."""
    name: str


class DecisionRef(msgspec.Struct, kw_only=True):
    """Another decision."""

    id: str
    number: str
    title: str


class DecisionOptionView(msgspec.Struct, kw_only=True):
    """One option that was considered."""

    title: str
    description: str
    pros: list[str]
    neutral: list[str]
    cons: list[str]


class DecisionView(msgspec.Struct, kw_only=True):
    """A decision."""

    id: str
    number: str
    """``DEC-7``."""
    title: str
    status: DecisionStatus
    next_statuses: list[DecisionStatus]
    """What it can become now; superseded by ``…/supersede``."""
    frozen: bool
    """Its text does not change any more."""
    context: str
    drivers: list[str]
    options: list[DecisionOptionView]
    chosen: int | None
    """Place of the option, from 0 on."""
    chosen_title: str | None
    outcome: str
    consequences: list[str]
    confirmation: str
    notes: str
    decision_makers: list[Party]
    consulted: list[Party]
    informed: list[Party]
    decided_on: str | None
    revisit_on: str | None
    revisit_due: bool
    """It is accepted, and that day has come."""
    waiting_days: int | None
    """For how many whole days it has been proposed."""
    waiting: bool
    """It has been proposed for more than seven days."""
    supersedes: list[DecisionRef]
    superseded_by: DecisionRef | None
    superseded_text: str
    """How an imported record calls the one that superseded it, when that is not known here."""
    source: str | None
    """Name of the file it was imported from."""
    created_by: Person | None
    created_at: str
    updated_at: str
    version: int
