"""Comments: say something of a record, put one's words right, take them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.answers import Made
from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.kernel.errors import Forbidden, InvalidInput, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk, reference_of
from wipsie.slices.asyncops.domain.mentions import mentioned
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.people import Person, colleagues, names_of
from wipsie.slices.asyncops.rights import COMMENT
from wipsie.slices.asyncops.schemas.comments import CommentChanges, CommentView, NewComment, ObjectRef
from wipsie.slices.asyncops.schemas.texts import prose
from wipsie.slices.asyncops.store import comments as store
from wipsie.slices.asyncops.store import followers, search, timeline
from wipsie.slices.asyncops.store.comments import Comment
from wipsie.slices.asyncops.store.records import REFERENCE_CHARACTERS_MAX, Record
from wipsie.slices.asyncops.subjects import Subject, Subjects


class CommentService:
    """Use cases of comments, on records of every kind."""

    def __init__(self, desk: Desk, subjects: Subjects, notices: Notices, clock: Clock) -> None:
        self._desk = desk
        self._subjects = subjects
        self._notices = notices
        self._clock = clock

    async def write(
        self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str, wanted: NewComment
    ) -> Made:
        """Say something of a record. Whoever says it follows the record, and so does whoever is mentioned."""
        record = await subject.get(unit.connection, reference, principal)
        principal.check(COMMENT, own=True)
        if principal.user_id is None:
            raise Forbidden("A comment is written by a person; log in as one.")
        now_ms = self._clock.now_ms()
        comment = Comment(
            id=new_object_id(store.ID_PREFIX, now_ms),
            object_kind=subject.kind.name,
            object_id=record.id,
            body=_body(wanted.body),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
        )
        await store.add_comment(unit.connection, comment)
        await followers.follow(
            unit.connection, subject.kind.name, record.id, principal.user_id, now_ms=comment.created_at_ms
        )
        await self._tell_mentioned(unit, principal, subject, record, comment, mentioned(comment.body))
        sentence = f"{await _name_of(unit.connection, principal)} commented on {_reference(subject, record)}"
        await self._notices.tell_followers(unit, principal, subject.kind, record, sentence, body=comment.body)
        await self._note(unit, principal, subject, record, comment, "comment")
        await self._index(unit, comment)
        return Made(
            value=await self.view(unit.connection, comment),
            version=comment.version,
            location=f"/api/comments/{comment.id}",
        )

    async def show(self, connection: AsyncConnection, principal: Principal, comment_id: str) -> Comment:
        """One comment on a record somebody may read. NotFound."""
        found, _, _ = await self._found(connection, principal, comment_id)
        return found

    async def change(
        self, unit: UnitOfWork, principal: Principal, comment_id: str, changes: CommentChanges, expected_version: int
    ) -> Made:
        """Put one's own words right. Who is mentioned only now is told now. NotFound, Forbidden, PreconditionFailed."""
        before, subject, record = await self._held(unit, principal, comment_id, expected_version)
        if before.created_by != principal.user_id:
            raise Forbidden(
                "Nobody changes what another person wrote; an admin may remove it.", details={"permission": COMMENT}
            )
        body = _body(changes.body)
        after = before
        if body != before.body:
            after = msgspec.structs.replace(
                before, body=body, updated_at_ms=self._clock.now_ms(), version=before.version + 1
            )
            await store.change_comment(unit.connection, after)
            known = mentioned(before.body)
            fresh = [one for one in mentioned(body) if one not in known]
            await self._tell_mentioned(unit, principal, subject, record, after, fresh)
            await self._note(unit, principal, subject, record, after, "edit_comment", edited=True)
            await self._index(unit, after)
        return Made(value=await self.view(unit.connection, after), status=200, version=after.version)

    async def remove(self, unit: UnitOfWork, principal: Principal, comment_id: str, expected_version: int) -> None:
        """Take one's own words back, or, as an admin, anybody's. NotFound, Forbidden, PreconditionFailed."""
        before, subject, record = await self._held(unit, principal, comment_id, expected_version)
        await store.remove_comment(unit.connection, before.id)
        await search.forget(unit.connection, before.id)
        await self._note(unit, principal, subject, record, before, "remove_comment", removed=True)

    async def _found(
        self, connection: AsyncConnection, principal: Principal, comment_id: str, *, hold: bool = False
    ) -> tuple[Comment, Subject, Record]:
        printable = len(comment_id) <= REFERENCE_CHARACTERS_MAX and comment_id.isprintable()
        comment = await store.find_comment(connection, comment_id, hold=hold) if printable else None
        if comment is not None and comment.object_kind in self._subjects:
            subject = self._subjects[comment.object_kind]
            record = await subject.table.find(connection, comment.object_id, principal)
            if record is not None and principal.may(subject.read, own=True):
                return comment, subject, record
        raise NotFound(
            f"There is no comment '{comment_id[:REFERENCE_CHARACTERS_MAX]}'; ids look like cmt_….",
            details={"kind": "comment", "reference": comment_id[:REFERENCE_CHARACTERS_MAX]},
        )

    async def _held(
        self, unit: UnitOfWork, principal: Principal, comment_id: str, expected_version: int
    ) -> tuple[Comment, Subject, Record]:
        found = await self._found(unit.connection, principal, comment_id, hold=True)
        comment = found[0]
        principal.check(COMMENT, own=comment.created_by == principal.user_id)
        check_version(expected_version, comment.version, await self.view(unit.connection, comment))
        return found

    async def _tell_mentioned(
        self,
        unit: UnitOfWork,
        principal: Principal,
        subject: Subject,
        record: Record,
        comment: Comment,
        ids: Sequence[str],
    ) -> None:
        people = await colleagues(unit.connection, ids) if ids else []
        seeing = await self._subjects.who_may_see(unit.connection, subject.kind.name, record.id, people)
        now_ms = self._clock.now_ms()
        for one in seeing:
            await followers.follow(unit.connection, subject.kind.name, record.id, one.id, now_ms=now_ms)
        sentence = f"{await _name_of(unit.connection, principal)} mentions you on {_reference(subject, record)}"
        await self._notices.tell(
            unit,
            principal,
            subject.kind,
            record,
            (one.id for one in seeing),
            sentence,
            reason=Reason.MENTIONED,
            body=comment.body,
        )

    async def _note(
        self,
        unit: UnitOfWork,
        principal: Principal,
        subject: Subject,
        record: Record,
        comment: Comment,
        verb: str,
        **more: Any,
    ) -> None:
        await self._desk.note(
            unit,
            principal,
            subject.table,
            record,
            timeline.COMMENT,
            verb=verb,
            # What it says stays in one place alone: there it can be changed, removed and erased.
            data={"comment": comment.id, **more},
            facts={"comment": comment.id},
        )

    async def _index(self, unit: UnitOfWork, comment: Comment) -> None:
        await search.put_part(
            unit.connection,
            kind=search.COMMENT,
            part_id=comment.id,
            parent_kind=comment.object_kind,
            parent_id=comment.object_id,
            body=comment.body,
            now_ms=comment.updated_at_ms,
        )

    async def view(self, connection: AsyncConnection, comment: Comment) -> CommentView:
        """As it is shown."""
        return _view(comment, await names_of(connection, [comment.created_by]))

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[CommentView]:
        """Rows of a list, as they are shown."""
        comments = [Comment(**{name: row[name] for name in Comment.__struct_fields__}) for row in rows]
        names = await names_of(connection, (comment.created_by for comment in comments))
        return [_view(comment, names) for comment in comments]


def _view(comment: Comment, names: dict[str, Person]) -> CommentView:
    return CommentView(
        id=comment.id,
        on=ObjectRef(kind=comment.object_kind, id=comment.object_id),
        body=comment.body,
        author=names.get(comment.created_by, Person(id=comment.created_by, name="")),
        created_at=iso_utc_ms(comment.created_at_ms),
        updated_at=iso_utc_ms(comment.updated_at_ms),
        edited=comment.version > 1,
        version=comment.version,
    )


def _body(text: str) -> str:
    body = prose(text, "body")
    if not body.strip():
        raise InvalidInput(
            "Field 'body' is empty.",
            details={
                "field": "body",
                "problem": "is empty",
                "errors": [{"location": "body.body", "message": "is empty"}],
            },
        )
    return body


async def _name_of(connection: AsyncConnection, principal: Principal) -> str:
    names = await names_of(connection, [principal.user_id])
    return next((person.name for person in names.values()), "Somebody")


def _reference(subject: Subject, record: Record) -> str:
    reference = reference_of(subject.kind, record)
    return reference if subject.kind.number_prefix else f"a {subject.kind.title.lower()}"
