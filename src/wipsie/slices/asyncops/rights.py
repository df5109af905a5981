"""What people may do with the team's records, and who. "Own" is said beside each right."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

READ_STATUS = "status:read"
WRITE_STATUS = "status:write"
READ_INCIDENTS = "incidents:read"
READ_RESTRICTED_INCIDENTS = "incidents:read_restricted"
DECLARE_INCIDENTS = "incidents:declare"
STEER_INCIDENTS = "incidents:steer"
CLOSE_INCIDENTS = "incidents:close"
READ_BLOCKERS = "blockers:read"
WRITE_BLOCKERS = "blockers:write"
READ_DECISIONS = "decisions:read"
PROPOSE_DECISIONS = "decisions:propose"
DECIDE = "decisions:decide"
COMMENT = "comments:write"
READ_SUMMARIES = "summaries:read"
RUN_SUMMARIES = "summaries:run"
SEARCH = "search:read"


def _everybody(permission: str, about: str) -> Right:
    return Right(
        permission=permission,
        about=about,
        member=Extent.ALL,
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    )


def _leads(permission: str, about: str, member: Extent = Extent.NONE) -> Right:
    return Right(permission=permission, about=about, member=member, lead=Extent.ALL, admin=Extent.ALL)


RIGHTS = (
    _everybody(READ_STATUS, "Read status updates."),
    # Nobody writes what another person says of their own day, not even an admin.
    Right(
        permission=WRITE_STATUS,
        about="Write one's own status updates.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.OWN,
    ),
    _everybody(READ_INCIDENTS, "Read incidents the whole team may see."),
    Right(
        permission=READ_RESTRICTED_INCIDENTS,
        about="Read restricted incidents; own: those one declared or has a role in.",
        member=Extent.OWN,
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    _leads(DECLARE_INCIDENTS, "Declare incidents, add to their timeline, post updates.", member=Extent.ALL),
    _leads(
        STEER_INCIDENTS,
        "Change incidents, their severity, state and roles; own: those one declared or leads.",
        member=Extent.OWN,
    ),
    _leads(CLOSE_INCIDENTS, "Close, reopen and merge incidents; close with follow-ups outstanding."),
    _everybody(READ_BLOCKERS, "Read blockers."),
    _leads(
        WRITE_BLOCKERS,
        "Open, change and resolve blockers; own: where one is blocked; acknowledge and resolve: where one is waited on, too.",
        member=Extent.OWN,
    ),
    _everybody(READ_DECISIONS, "Read decisions."),
    _leads(PROPOSE_DECISIONS, "Write and propose decisions; own: those one wrote.", member=Extent.OWN),
    _leads(DECIDE, "Accept, reject, deprecate and supersede decisions."),
    Right(
        permission=COMMENT,
        about="Comment on records and link them; change and remove one's own comments.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.ALL,
    ),
    _everybody(READ_SUMMARIES, "Read daily summaries."),
    _leads(RUN_SUMMARIES, "Make and send a daily summary by hand."),
    _everybody(SEARCH, "Search in everything one may read."),
)
