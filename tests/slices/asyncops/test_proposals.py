"""Promises of proposals: one incident for one trouble, however often and by however many it is noticed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from test_incidents import PATH, moved, timeline

from wipsie.audit import list_events
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.service.incidents.proposals import IncidentProposals
from wipsie.slices.asyncops.service.incidents.use_cases import IncidentService

if TYPE_CHECKING:
    from wipsie.testing.office import Office

TROUBLE: dict[str, Any] = {
    "dedupe_key": "queue_stuck:queue:mail",
    "title": "mail does not move",
    "severity": "sev2",
    "summary": "The oldest message waits for 10 minutes.",
    "source": "queue",
}


@pytest.fixture
def proposals(office: Office) -> IncidentProposals:
    clock = office.clock
    notices = Notices(clock, build_subjects(), public_url="https://wipsie.example.org")
    desk = Desk(clock, notices)
    return IncidentProposals(desk, clock, IncidentService(desk, notices, clock))


async def proposed(office: Office, proposals: IncidentProposals, **fields: Any) -> str:
    async with office.parts.database.unit_of_work() as unit:
        trouble: dict[str, Any] = {**TROUBLE, "data": {"oldest_age_s": 600}, **fields}
        incident = await proposals.propose(unit, **trouble)
    return incident.id


async def test_a_trouble_is_proposed_and_leads_hear_of_it(office: Office, proposals: IncidentProposals) -> None:
    incident_id = await proposed(office, proposals)
    shown = (await office["ann"].get(f"{PATH}/INC-1")).ok()
    assert (shown["id"], shown["status"], shown["source"], shown["occurrences"]) == (
        incident_id,
        "proposed",
        "queue",
        1,
    )
    assert (shown["created_by"], shown["declared_by"], shown["detected_at"]) == (None, None, shown["created_at"])
    assert await office.mail_to("lea") == ["INC-1 was proposed (sev2): mail does not move"]
    logged = (await list_events(office.parts.database))[0]
    assert (logged.actor, logged.action) == ("system:operations", "asyncops:incident:propose")


async def test_what_is_open_counts_on_and_what_is_over_is_proposed_anew(
    office: Office, proposals: IncidentProposals
) -> None:
    first = await proposed(office, proposals)
    assert await proposed(office, proposals, summary="Still.") == first
    await moved(office, {"id": first}, "declared", "bob")
    assert await proposed(office, proposals) == first
    shown = (await office["ann"].get(f"{PATH}/{first}")).ok()
    assert (shown["occurrences"], shown["status"]) == (3, "declared")
    signals = [event for event in await timeline(office, shown) if event.kind == "signal"]
    assert [event.body for event in signals] == ["Still.", TROUBLE["summary"]]
    assert signals[0].data is not None
    assert signals[0].data["oldest_age_s"] == 600
    await moved(office, shown, "resolved")
    assert await proposed(office, proposals) != first
    assert (await office["ann"].get(f"{PATH}/INC-2")).ok()["occurrences"] == 1


async def test_a_declined_proposal_may_be_made_again(office: Office, proposals: IncidentProposals) -> None:
    first = await proposed(office, proposals)
    await moved(office, {"id": first}, "declined")
    assert await proposed(office, proposals) != first


async def test_many_who_notice_it_at_once_make_one(office: Office, proposals: IncidentProposals) -> None:
    made = await asyncio.gather(*(proposed(office, proposals) for _ in range(12)))
    assert len(set(made)) == 1
    shown = await office["lea"].all_pages(PATH)
    assert [(one["number"], one["occurrences"]) for one in shown] == [("INC-1", 12)]
    assert await office.mail_to("lea") == ["INC-1 was proposed (sev2): mail does not move"]
    # Nobody used a number up by waiting.
    assert (await office["ann"].post(PATH, {"title": "x"})).ok(201)["number"] == "INC-2"


async def test_long_titles_are_cut(office: Office, proposals: IncidentProposals) -> None:
    await proposed(office, proposals, title="x" * 500)
    assert (await office["ann"].get(f"{PATH}/INC-1")).ok()["title"] == "x" * 200
