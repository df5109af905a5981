"""Search over the wire."""

from __future__ import annotations

import msgspec

from wipsie.slices.asyncops.schemas.links import Linked


class SearchHit(msgspec.Struct, kw_only=True):
    """Something that was found. Texts are plain, with the words that were found in guillemets: «word»."""

    kind: str
    """A kind of record; or comment or note, of what somebody wrote to one."""
    id: str
    record: Linked
    """The record itself, or the one it was written to."""
    title: str
    """Of the record, marked."""
    snippet: str
    """Of the text, around the first word that was found, marked."""
    updated_at: str
