"""What people may do with queues, and who."""

from __future__ import annotations

from wipsie.auth.queue_rights import CONSUME, MANAGE, READ, SEND
from wipsie.auth.rights import Extent, Right

__all__ = ["CONSUME", "MANAGE", "READ", "READ_RUNS", "RIGHTS", "SEND"]

READ_RUNS = "runs:read"

RIGHTS = (
    Right(
        permission=READ,
        about="See queues and workers in numbers.",
        member=Extent.ALL,
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    Right(permission=SEND, about="Send messages.", lead=Extent.ALL, admin=Extent.ALL),
    Right(permission=CONSUME, about="Receive and delete messages.", lead=Extent.ALL, admin=Extent.ALL),
    Right(
        permission=MANAGE,
        about="Make, change, empty and delete queues, and move dead letters, as a client of Amazon SQS.",
        admin=Extent.ALL,
    ),
    Right(
        permission=READ_RUNS,
        about="Read what tasks gave back, and why they failed.",
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
)
