"""Whom or what a blocker waits on: what was sent, looked up and checked."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.kernel.errors import InvalidInput, NotFound
from wipsie.slices.asyncops.desk import reference_of
from wipsie.slices.asyncops.domain.outside import OUTSIDE_KINDS, is_of_form
from wipsie.slices.asyncops.people import check_colleague
from wipsie.slices.asyncops.schemas.blockers import WaitingOn
from wipsie.slices.asyncops.schemas.texts import line
from wipsie.slices.asyncops.store.blockers import BLOCKERS, COLUMNS, Blocker
from wipsie.slices.asyncops.subjects import Subjects

FIELD = "waiting_on"
CHAIN_MAX = 100
"""Blockers that wait on each other in a row; a longer row is refused."""


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what is waited on, as the row of a blocker has it."""

    waiting_kind: str
    waiting_on: str
    waiting_name: str

    @property
    def person(self) -> str | None:
        """User id of the colleague waited on."""
        return self.waiting_on if self.waiting_kind == "user" else None


async def look_up(
    connection: AsyncConnection,
    principal: Principal,
    sent: WaitingOn,
    *,
    blocked: str,
    before: Blocker | None,
    subjects: Subjects,
) -> Waited:
    """What `sent` means. InvalidInput for nobody, for oneself, for a record that is not there or not for whoever asks, and
    for blockers that would wait on each other. `before`: the blocker that is changed."""
    text = sent.name if sent.kind == "external" else sent.id
    if text is None or (sent.name is not None and sent.id is not None):
        wanted = "a name and no id" if sent.kind == "external" else "an id and no name"
        raise _refused(f"Waiting on {_A[sent.kind]} takes {wanted}")
    text = line(text, f"{FIELD}.{'name' if sent.kind == 'external' else 'id'}")
    if sent.kind == "user":
        await check_colleague(connection, text, f"{FIELD}.id")
        if text == blocked:
            raise _refused("Nobody waits on themselves; name whom or what the next step needs")
    if (outside := _OUTSIDE.get(sent.kind)) is not None and not is_of_form(OUTSIDE_KINDS[outside], text):
        raise _refused(f"That cannot be {OUTSIDE_KINDS[outside].about}", f"{FIELD}.id")
    if sent.kind not in ("incident", "blocker"):
        return Waited(waiting_kind=sent.kind, waiting_on=text, waiting_name=text)
    subject = subjects[sent.kind]
    try:
        found = await subject.get(connection, text, principal)
    except NotFound as error:
        raise InvalidInput(error.message, details={**error.details, "field": f"{FIELD}.id"}) from None
    if sent.kind == "blocker" and before is not None:
        await _refuse_circle(connection, before, found.id)
    return Waited(waiting_kind=sent.kind, waiting_on=found.id, waiting_name=reference_of(subject.kind, found))


async def _refuse_circle(connection: AsyncConnection, before: Blocker, target: str) -> None:
    for _ in range(CHAIN_MAX):
        if target == before.id:
            raise _refused(f"{BLOCKERS.kind.number_text(before.number)} would wait on itself in the end")
        wanted = select(COLUMNS.waiting_on).where(COLUMNS.id == target, COLUMNS.waiting_kind == "blocker")
        following = (await connection.execute(wanted)).scalar()
        if following is None:
            return
        target = following
    raise _refused(f"More than {CHAIN_MAX} blockers would wait on each other in a row")


def _refused(sentence: str, field: str = FIELD) -> InvalidInput:
    return InvalidInput(f"{sentence}.", details={"field": field, "problem": sentence})


_OUTSIDE = {"queue": "queue", "task": "message"}
"""What is known elsewhere by an id of some form."""
_A = {
    "user": "a colleague",
    "external": "somebody outside",
    "incident": "an incident",
    "blocker": "a blocker",
    "task": "a task",
    "queue": "a queue",
}
