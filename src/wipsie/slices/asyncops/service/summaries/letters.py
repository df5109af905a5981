"""The mail of a summary: one letter for each person who wants it, with the sections they chose and what concerns them in front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.queue.contract import NewMessage
from wipsie.queue.notification import mail
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest_pages.as_html import as_html
from wipsie.slices.asyncops.domain.digest_pages.as_text import as_text
from wipsie.slices.asyncops.domain.digest_pages.layout import lay_out, subject
from wipsie.slices.asyncops.kinds import SUMMARY
from wipsie.slices.asyncops.notices import SOURCE
from wipsie.slices.asyncops.people import Colleague, colleagues
from wipsie.slices.asyncops.store.preferences import Preferences, preferences_of
from wipsie.telemetry.logging import get_logger

RECIPIENTS_MAX = 5_000
"""More are not written to: a summary must not become an unbounded number of messages."""
_ENDING = 'You get this once a day. To stop it set "mail_summary" to false, to choose its parts set "summary_sections": PATCH {}'
_PEOPLE_PER_STATEMENT = 500

_log = get_logger(__name__)


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who wants it, and which sections."""

    person: Colleague
    sections: Sequence[str] | None


class Letters:
    """Writes them."""

    def __init__(self, *, public_url: str) -> None:
        """`public_url`: what people type to reach this Wipsie, without a slash at its end."""
        self._public_url = public_url

    async def recipients(self, connection: AsyncConnection) -> list[Recipient]:
        """Active colleagues, but for those who chose not to get it."""
        people = await colleagues(connection)
        if len(people) > RECIPIENTS_MAX:
            _log.warning("summary_recipients_left_out", count=len(people) - RECIPIENTS_MAX)
            people = people[:RECIPIENTS_MAX]
        chosen: dict[str, Preferences] = {}
        for start in range(0, len(people), _PEOPLE_PER_STATEMENT):
            some = people[start : start + _PEOPLE_PER_STATEMENT]
            chosen |= await preferences_of(connection, (one.id for one in some))
        return [_recipient(one, chosen) for one in people if chosen[one.id].mail_summary]

    def write(
        self, summary_id: str, digest: Digest, recipients: Iterable[Recipient], *, now_s: float
    ) -> list[NewMessage]:
        """A message for each. Of those of one summary and person the queue takes one."""
        title = subject(digest)
        ending = _ENDING.format(f"{self._public_url}/api/preferences")
        return [self._letter(summary_id, digest, one, title, ending, now_s) for one in recipients]

    def _letter(
        self, summary_id: str, digest: Digest, recipient: Recipient, title: str, ending: str, now_s: float
    ) -> NewMessage:
        person = recipient.person
        path = f"{SUMMARY.path}/{summary_id}.html?person={person.id}"
        outline = lay_out(digest, path=path, sections=recipient.sections, person=person.id)
        return mail(
            recipient=person.email,
            subject=title,
            body=as_text(outline, base_url=self._public_url, ending=ending),
            html=as_html(outline, base_url=self._public_url, ending=ending),
            source=SOURCE,
            now_s=now_s,
            deduplication_id=f"{summary_id}:{person.id}",
        )


def _recipient(person: Colleague, chosen: Mapping[str, Preferences]) -> Recipient:
    return Recipient(person=person, sections=chosen[person.id].summary_sections)
