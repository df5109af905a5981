"""Takes a person out of a digest that was made: what they said of their days, that they said nothing, and their name."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wipsie.slices.asyncops.domain.digest.content import Digest, Listing

ItemT = TypeVar("ItemT")


def without_person(digest: Digest, user_id: str) -> Digest:
    """The digest without them. What they have a part in as one of the team stays, by somebody; so does the hash of what was
    made once."""
    updates = digest.updates
    return msgspec.structs.replace(
        digest,
        updates=msgspec.structs.replace(
            updates,
            by_person=_left(updates.by_person, [one for one in updates.by_person.items if one.person != user_id]),
            missing=_left(updates.missing, [one for one in updates.missing.items if one.person != user_id]),
            highlights=[one for one in updates.highlights if one.person != user_id],
        ),
        people={one: name for one, name in digest.people.items() if one != user_id},
    )


def _left(before: Listing[ItemT], items: list[ItemT]) -> Listing[ItemT]:
    return Listing(total=before.total - len(before.items) + len(items), items=items)
