"""What people may do with queues, and who."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

READ = "queues:read"
SEND = "queues:send"
CONSUME = "queues:consume"
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
        permission=READ_RUNS,
        about="Read what tasks gave back, and why they failed.",
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
)
