"""Mail to the followers of a record, as messages for the notifications queue, in the commit of the change they tell of."""

from __future__ import annotations

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.queue.notification import mail
from wipsie.slices.asyncops.kinds import Kind
from wipsie.slices.asyncops.people import colleagues
from wipsie.slices.asyncops.store import followers
from wipsie.slices.asyncops.store.records import NumberedRecord, Record

SOURCE = "asyncops"
FOLLOWERS_MAX = 500
"""More are not told: a change must not become an unbounded number of messages."""


class Notices:
    """Tells followers."""

    def __init__(self, clock: Clock, *, public_url: str) -> None:
        """`public_url`: what people type to reach this Wipsie, without a slash at its end."""
        self._clock = clock
        self._public_url = public_url

    async def tell_followers(
        self,
        unit: UnitOfWork,
        principal: Principal,
        kind: Kind,
        record: Record,
        sentence: str,
        *,
        body: str | None = None,
    ) -> int:
        """One mail to each follower but the one who acts; how many. `sentence` becomes the subject, `body` the text."""
        ids = [one for one in await followers.followers_of(unit.connection, record.id) if one != principal.user_id]
        if not ids:
            return 0
        told = (await colleagues(unit.connection, ids))[:FOLLOWERS_MAX]
        reference = kind.number_text(record.number) if isinstance(record, NumberedRecord) else record.id
        link = f"{self._public_url}{kind.path}/{reference}"
        for colleague in told:
            unit.publish(
                mail(
                    recipient=colleague.email,
                    subject=sentence,
                    body=f"{sentence}\n\n{body}\n\n{link}\n" if body else f"{sentence}\n\n{link}\n",
                    source=SOURCE,
                    now_s=self._clock.now(),
                )
            )
        return len(told)
