"""Which files are one report: a document always is, and photos that were sent one after the other may be its pages.

Files are ordered by when they were sent, so that it makes no difference in which order they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wipsie.slices.vault.domain.conversation.conversation import HeldFile

SIBLINGS_WITHIN_MS: Final = 30_000
"""Photos of one burst may be sent so far apart: uploads take their time."""


def in_order(files: Iterable[HeldFile]) -> tuple[HeldFile, ...]:
    """As they were sent."""
    return tuple(sorted(files, key=lambda one: one.order))


def units(files: Iterable[HeldFile]) -> tuple[tuple[HeldFile, ...], ...]:
    """Files that belong together, in the order in which their first ones were sent."""
    found: list[list[HeldFile]] = []
    photos: list[HeldFile] | None = None
    for file in in_order(files):
        if file.kind != "image" or file.is_alone:
            found.append([file])
        elif photos is not None and is_sibling(file, photos):
            photos.append(file)
        else:
            photos = [file]
            found.append(photos)
    return tuple(map(tuple, found))


def is_sibling(file: HeldFile, photos: Iterable[HeldFile]) -> bool:
    """Whether a photo was sent close enough to these to be another page."""
    return file.kind == "image" and any(
        one.kind == "image" and abs(file.sent_at_ms - one.sent_at_ms) <= SIBLINGS_WITHIN_MS for one in photos
    )
