"""How fast may be sent, over all workers: tokens of a number and of a person, from the store they share."""

from __future__ import annotations

from wipsie.database.shared_store import SharedStore
from wipsie.slices.vault.domain.sending.rates import MESSAGES_PER_S, RECIPIENT_RATE, number_rate


class SendingRates:
    """One per process."""

    def __init__(self, store: SharedStore, *, messages_per_s: int = MESSAGES_PER_S) -> None:
        """`messages_per_s`: of one number; Meta grants 80, and 1,000 to some. ValueError below 2."""
        self._store = store
        self._number = number_rate(messages_per_s)

    async def take(self, phone_number_id: str, owner: str, *, is_message: bool) -> float:
        """Take what one call needs: 0.0 when it may go out now, else seconds to wait. `is_message`: receipts count for the number, and
        not for the person. StorageUnavailable: a limit that cannot be asked is not passed."""
        if is_message:
            # First: whoever has it waits for the number for moments, the other way round for seconds.
            pair = f"vault:pair:{phone_number_id}:{owner}"
            wait_s = await self._store.take(pair, rate_per_s=RECIPIENT_RATE.rate_per_s, burst=RECIPIENT_RATE.burst)
            if wait_s > 0:
                return wait_s
        return await self._store.take(
            f"vault:number:{phone_number_id}", rate_per_s=self._number.rate_per_s, burst=self._number.burst
        )
