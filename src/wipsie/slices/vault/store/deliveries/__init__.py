"""What is said to people: from the commit that decides it until WhatsApp shows it, in the order in which it was said."""

from __future__ import annotations

from wipsie.slices.vault.store.deliveries.claiming import (
    Claim,
    GivenUp,
    Head,
    begin_sending,
    claim_head,
    head_of,
    record,
    record_taken,
)
from wipsie.slices.vault.store.deliveries.enqueueing import NewDelivery, cancel, cancel_all, enqueue, send_again
from wipsie.slices.vault.store.deliveries.statuses import apply_statuses
from wipsie.slices.vault.store.deliveries.upkeep import (
    UploadedFile,
    count_waiting,
    files_to_delete,
    forget_bodies,
    forget_old_bodies,
    forget_owner,
    forget_settled,
    overdue_owners,
    waiting_owners,
)

__all__ = [
    "Claim",
    "GivenUp",
    "Head",
    "NewDelivery",
    "UploadedFile",
    "apply_statuses",
    "begin_sending",
    "cancel",
    "cancel_all",
    "claim_head",
    "count_waiting",
    "enqueue",
    "files_to_delete",
    "forget_bodies",
    "forget_old_bodies",
    "forget_owner",
    "forget_settled",
    "head_of",
    "overdue_owners",
    "record",
    "record_taken",
    "send_again",
    "waiting_owners",
]
