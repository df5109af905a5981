"""Comments over the wire."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.texts import PROSE_CHARACTERS_MAX

CommentText = Annotated[str, Meta(min_length=1, max_length=PROSE_CHARACTERS_MAX)]


class NewComment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of a record."""

    body: CommentText
    """Markdown. ``@[Ann](usr_…)`` mentions somebody: they are told, and follow the record from then on."""


class CommentChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch."""

    body: CommentText


class ObjectRef(msgspec.Struct, frozen=True, kw_only=True):
    """A record, named."""

    kind: str
    id: str


class CommentView(msgspec.Struct, kw_only=True):
    """A comment."""

    id: str
    on: ObjectRef
    """The record."""
    body: str
    author: Person
    created_at: str
    updated_at: str
    edited: bool
    version: int
