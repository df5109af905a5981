"""Mail to people about records, as messages for the notifications queue, in the commit of the change it tells of.

Here alone is decided who is told: never whoever acts, never somebody inactive, nobody who may not see the record any more,
nobody who chose not to be; and one mail for each person and commit, however many reasons there are: the first one given.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from weakref import WeakKeyDictionary

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.queue.notification import mail
from wipsie.slices.asyncops.kinds import Kind
from wipsie.slices.asyncops.people import colleagues
from wipsie.slices.asyncops.store import followers
from wipsie.slices.asyncops.store.preferences import preferences_of
from wipsie.slices.asyncops.store.records import NumberedRecord, Record
from wipsie.slices.asyncops.subjects import Subjects

SOURCE = "asyncops"
FOLLOWERS_MAX = 500
"""More are not told: a change must not become an unbounded number of messages."""


class Reason(Enum):
    """Why somebody is told. The value names the preference that stops it; None: nothing does."""

    FOLLOWS = "mail_followed"
    MENTIONED = "mail_mentions"
    RESPONSIBLE = None
    """Something waits for them: a role they were given, a record that escalates to them."""


_BECAUSE = {
    Reason.FOLLOWS: "you follow {reference}",
    Reason.MENTIONED: "somebody mentions you",
    Reason.RESPONSIBLE: "it needs you",
}


class Notices:
    """Tells people."""

    def __init__(self, clock: Clock, subjects: Subjects, *, public_url: str) -> None:
        """`public_url`: what people type to reach this Wipsie, without a slash at its end."""
        self._clock = clock
        self._subjects = subjects
        self._public_url = public_url
        self._told: WeakKeyDictionary[UnitOfWork, set[str]] = WeakKeyDictionary()

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
        """One mail to each follower; how many. `sentence` becomes the subject, `body` the text."""
        ids = await followers.followers_of(unit.connection, record.id)
        return await self.tell(unit, principal, kind, record, ids, sentence, body=body, reason=Reason.FOLLOWS)

    async def tell(
        self,
        unit: UnitOfWork,
        principal: Principal,
        kind: Kind,
        record: Record,
        user_ids: Iterable[str],
        sentence: str,
        *,
        reason: Reason,
        body: str | None = None,
    ) -> int:
        """One mail to each of these people whom nothing in this unit has told yet; how many."""
        told = self._told.setdefault(unit, set())
        wanted = {one for one in user_ids if one != principal.user_id} - told
        if not wanted:
            return 0
        people = (await colleagues(unit.connection, wanted))[:FOLLOWERS_MAX]
        if reason.value is not None:
            chosen = await preferences_of(unit.connection, (one.id for one in people))
            people = [one for one in people if getattr(chosen[one.id], reason.value)]
        people = await self._subjects.who_may_see(unit.connection, kind.name, record.id, people)
        told.update(one.id for one in people)
        reference = kind.number_text(record.number) if isinstance(record, NumberedRecord) else record.id
        parts = [sentence, body, f"{self._public_url}{kind.path}/{reference}", _ending(reason, reference)]
        text = "\n\n".join(part for part in parts if part)
        for one in people:
            unit.publish(
                mail(recipient=one.email, subject=sentence, body=f"{text}\n", source=SOURCE, now_s=self._clock.now())
            )
        return len(people)


def _ending(reason: Reason, reference: str) -> str:
    because = f"-- \nYou are told because {_BECAUSE[reason].format(reference=reference)}."
    if reason.value is None:
        return because
    return f'{because} To stop such mail set "{reason.value}" to false: PATCH /api/preferences.'
