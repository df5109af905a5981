"""Links over the wire."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wipsie.slices.asyncops.domain.outside import URL_CHARACTERS_MAX
from wipsie.slices.asyncops.domain.relations import Relation
from wipsie.slices.asyncops.people import Person


class LinkTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a link points to."""

    kind: Annotated[str, Meta(max_length=40)]
    """A kind of record (status, incident, blocker, decision, summary), or queue, message, mail, report, url."""
    id: Annotated[str, Meta(min_length=1, max_length=URL_CHARACTERS_MAX)]
    """Of a record: its id or number. Of a url: the address."""


class NewLink(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A link from the record in the path."""

    relation: Relation = "relates_to"
    to: LinkTarget


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a link."""

    kind: str
    id: str
    label: str
    """What people call it, for example ``INC-42``, ``Queue data_polling``."""
    title: str
    """Of a record; empty for what is outside."""
    path: str | None
    """Of a record in the API; null for what is outside."""


class LinkView(msgspec.Struct, kw_only=True):
    """A link as it is seen from a record, whichever end that is."""

    id: str
    relation: str
    """The word for this side: caused_by from here, causes from there."""
    to: Linked
    """The other end."""
    created_at: str
    created_by: Person | None
    """Null: Wipsie itself."""


class ReferenceView(msgspec.Struct, kw_only=True):
    """A record that refers to something."""

    id: str
    """Of the link."""
    relation: str
    record: Linked
    """What refers to it."""
    created_at: str
    created_by: Person | None
