"""How fast may be sent, over all workers: tokens of a number and of a person, from the store they share."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.shared_store import Bucket, SharedStore
from wipsie.slices.vault.domain.sending.rates import MESSAGES_PER_S, RECIPIENT_RATE, number_rate


class SendingRates:
    """One per process."""

    def __init__(self, store: SharedStore, *, messages_per_s: int = MESSAGES_PER_S) -> None:
        """`messages_per_s`: of one number; Meta grants 80, and 1,000 to some. ValueError below 2."""
        self._store = store
        self._number = number_rate(messages_per_s)

    @property
    def are_in_database(self) -> bool:
        """Whether they can be taken in a transaction of the database."""
        return self._store.is_in_database

    async def take(
        self, phone_number_id: str, owner: str, *, is_message: bool, within: AsyncConnection | None = None
    ) -> float:
        """Take what one call needs: 0.0 when it may go out now, else seconds to wait. `is_message`: receipts count for the number, and
        not for the person. `within`: a transaction to take it in, where they `are_in_database`. StorageUnavailable: a limit that cannot be asked is not
        passed."""
        buckets = [
            Bucket(key=f"vault:number:{phone_number_id}", rate_per_s=self._number.rate_per_s, burst=self._number.burst)
        ]
        if is_message:
            # First: the number is everybody's, and held for as short as can be.
            pair = f"vault:pair:{phone_number_id}:{owner}"
            rate = RECIPIENT_RATE
            buckets.insert(0, Bucket(key=pair, rate_per_s=rate.rate_per_s, burst=rate.burst))
        return await self._store.take_all(buckets, within=within)
