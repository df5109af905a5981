"""Who may have what is held of people, and who may end it."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

EXPORT_PEOPLE = "people:export"
ERASE_PEOPLE = "people:erase"

PRIVACY_RIGHTS = (
    Right(
        permission=EXPORT_PEOPLE,
        about="Get everything that is held of a person; own: of oneself.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.ALL,
        auditor=Extent.OWN,
    ),
    Right(permission=ERASE_PEOPLE, about="Erase a person.", admin=Extent.ALL),
)
