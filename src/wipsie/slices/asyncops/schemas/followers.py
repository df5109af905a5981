"""Followers over the wire."""

from __future__ import annotations

import msgspec

from wipsie.slices.asyncops.people import Person


class FollowerView(msgspec.Struct, kw_only=True):
    """Somebody who follows a record."""

    person: Person
    since: str


class FollowedView(msgspec.Struct, kw_only=True):
    """A record one follows."""

    kind: str
    id: str
    reference: str
    """Its number, or its id."""
    title: str
    path: str
    """Of the record in the API."""
    since: str
