"""Promises of postmortems: drafted from what happened, written by people, reviewed by leads, safe to show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from test_incidents import PATH, at, declared, moved, timeline

from wipsie.slices.asyncops.domain.markdown import embedded, words
from wipsie.slices.asyncops.domain.milestones import MILESTONES
from wipsie.slices.asyncops.domain.postmortem import SECTIONS, Happening, Material, Task, draft, due_ms

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

ON = f"{PATH}/INC-1/postmortem"


async def resolved(office: Office, **fields: Any) -> dict[str, Any]:
    """An incident with a story."""
    incident = await declared(office, **{"impact_started_at": at(office, -600), **fields})
    office.clock.jump(60)
    note = (await office["bob"].post(f"{PATH}/INC-1/timeline", {"body": "At nine.", "at": at(office, -300)})).ok(201)
    (await office["bob"].post(f"{PATH}/INC-1/timeline", {"body": "At *eight*.", "corrects": note["id"]})).ok(201)
    (await office["ann"].patch(f"{PATH}/INC-1", {"severity": "sev1", "lead": office["bob"].user_id})).ok()
    update = {"condition": "Down", "actions": "Restarting"}
    (await office["bob"].post(f"{PATH}/INC-1/updates", update)).ok(201)
    owner = {"text": "Alarm on <writes>", "owner": office["lea"].user_id, "due_on": "2025-10-20"}
    (await office["bob"].post(f"{PATH}/INC-1/follow-ups", owner)).ok(201)
    office.clock.jump(240)
    return await moved(office, incident, "resolved")


def section(postmortem: dict[str, Any], name: str) -> str:
    return next(one["text"] for one in postmortem["sections"] if one["name"] == name)


async def test_it_is_drafted_from_what_happened(office: Office) -> None:
    await resolved(office, customer_impact="Nobody could read mail.")
    answer = await office["lea"].post(ON, {})
    drafted = answer.ok(201)
    assert [one["name"] for one in drafted["sections"]] == list(SECTIONS)
    assert (drafted["state"], drafted["owner"]["name"], drafted["due_at"]) == ("draft", "Bob", at(office, 3 * 86_400))
    assert section(drafted, "summary") == "Nothing moves."
    assert section(drafted, "impact").splitlines() == [
        "Nobody could read mail.",
        "",
        "- Affected: mail, Archive",
        "- Time to detect: 10 m",
        "- Time to acknowledge: 5 m",
        "- Time to mitigate: 15 m",
        "- Time to resolve: 15 m",
    ]
    assert section(drafted, "timeline").splitlines() == [
        "- 2025-10-04 13:56 UTC, Bob: At \\*eight\\*.",
        "- 2025-10-04 14:00 UTC, Ann: opened the incident",
        "- 2025-10-04 14:01 UTC, Ann: changed the severity from sev2 to sev1",
        "- 2025-10-04 14:01 UTC, Ann: Bob is lead",
        "- 2025-10-04 14:01 UTC, Bob: update: Condition: Down Actions: Restarting",
        "- 2025-10-04 14:05 UTC, Lea: moved it from declared to resolved",
    ]
    assert section(drafted, "follow_ups") == "- Alarm on \\<writes\\> (outstanding, Lea, due 2025-10-20)"
    assert "?" in section(drafted, "contributing_factors")
    shown = await office["ann"].get(ON)
    assert (shown.ok(), shown.etag) == (drafted, answer.etag)
    assert (await office.mail_to("bob"))[-1] == "The postmortem of INC-1 is yours: Mail stands still"


async def test_there_is_one_and_not_before_it_is_time(office: Office) -> None:
    incident = await declared(office)
    (await office["ann"].post(ON, {})).refused(409, "CONFLICT")
    (await office["ann"].get(ON)).refused(404, "NOT_FOUND")
    await moved(office, incident, "mitigated")
    (await office["bob"].post(ON, {})).refused(403, "FORBIDDEN")
    (await office["ann"].post(ON, {})).ok(201)
    assert (await office["ann"].post(ON, {})).refused(409, "CONFLICT").details["path"].endswith("/postmortem")


async def test_its_owner_writes_and_leads_review(office: Office) -> None:
    await resolved(office)
    answer = await office["lea"].post(ON, {"owner": office["ann"].user_id})
    other = {"sections": {"went_well": "- The queue kept every message."}}
    changed = (await office["ann"].patch(ON, other, answer.etag)).ok()
    assert section(changed, "went_well") == "- The queue kept every message."
    assert section(changed, "summary") == "Nothing moves."
    stale: Answer = await office["ann"].patch(ON, other, answer.etag)
    assert stale.refused(412, "PRECONDITION_FAILED").details["current"] == changed
    move = f"{ON}/transitions"
    (await office["ann"].move(move, {"to": "closed"})).refused(409, "ILLEGAL_TRANSITION")
    assert (await office["ann"].move(move, {"to": "in_review"})).ok()["next_states"] == ["reviewed", "draft"]
    (await office["ann"].move(move, {"to": "reviewed"})).refused(403, "FORBIDDEN")
    reviewed = (await office["lea"].move(move, {"to": "reviewed"})).ok()
    assert (reviewed["reviewed_at"], reviewed["overdue"]) == (at(office), False)
    (await office["ann"].move(move, {"to": "in_review"})).refused(403, "FORBIDDEN")
    assert (await office["lea"].move(move, {"to": "closed"})).ok()["closed_at"] == at(office)
    (await office["lea"].patch(ON, other)).refused(409, "CONFLICT")
    back = (await office["lea"].move(move, {"to": "reviewed", "reason": "One more thing."})).ok()
    assert (back["closed_at"], back["reviewed_at"]) == (None, at(office))
    assert "The postmortem of INC-1 is now closed: Mail stands still" in await office.mail_to("ann")
    events = await timeline(office, {"id": reviewed["incident"]["id"]})
    assert [event.kind for event in events[-3:]] == ["postmortem"] * 3
    for name in ("eve", "otto"):
        if name == "eve":
            await office.hire("eve", "member")
        (await office[name].patch(ON, other)).refused(403, "FORBIDDEN")


async def test_all_of_them_are_listed(office: Office) -> None:
    await resolved(office)
    drafted = (await office["lea"].post(ON, {})).ok(201)

    async def found(name: str, query: str) -> list[Any]:
        return await office[name].all_pages(f"/api/postmortems?{query}")

    assert await found("otto", "state=draft&limit=1") == [drafted]
    assert await found("bob", "owner=me") == [drafted]
    assert await found("ann", "owner=me") == []
    assert await found("ann", "overdue=true") == []
    office.clock.jump(3 * 86_400)
    assert [one["overdue"] for one in await found("ann", "overdue=true")] == [True]
    assert await found("ann", "overdue=false") == []


async def test_as_markdown_it_is_one_document_that_nobody_breaks_out_of(office: Office) -> None:
    hostile = "</h1><script>alert(1)</script> [x](javascript:alert(1)) `*_#|"
    await resolved(office, title=hostile, summary="# Mine\n\n<img src=x onerror=alert(1)>\n\nLine\n====\n\n- a\n- b")
    (await office["lea"].post(ON, {})).ok(201)
    document = await office["ann"].get(f"{ON}.md")
    assert (document.ok(), document.headers["Content-Type"]) == (document.body, "text/markdown; charset=utf-8")
    assert (await office["ann"].get(ON, Accept="text/markdown")).body == document.body
    lines = document.body.splitlines()
    assert lines[0] == (
        "# Postmortem of INC-1: \\</h1\\>\\<script\\>alert(1)\\</script\\> \\[x\\](javascript:alert(1)) \\`\\*\\_\\#\\|"
    )
    assert [line for line in lines if line.startswith("## ")] == [f"## {title}" for title in SECTIONS.values()]
    assert "### Mine" in lines
    assert "\\<img src=x onerror=alert(1)>" in lines
    assert "- Time to resolve: 15 m" in lines
    (await office["ann"].get(f"{PATH}/INC-2/postmortem.md")).refused(404, "NOT_FOUND")


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"sections": {"summary": "x" * 20_001}}, "sections.summary"),
    ({"sections": {"summary": "a\u0000"}}, "sections.summary"),
    ({"sections": {"blame": "x"}}, "sections.blame"),
    ({"sections": None}, "sections"),
    ({"owner": "usr_nobody"}, "owner"),
    ({"due_at": "soon"}, "due_at"),
    ({"due_at": "1990-01-01T00:00:00Z"}, "due_at"),
    ({"state": "closed"}, "state"),
)


async def test_a_field_that_is_wrong_is_named(office: Office) -> None:
    await resolved(office)
    (await office["lea"].post(ON, {})).ok(201)
    for body, field in WRONG:
        refused = (await office["lea"].patch(ON, body)).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] == field


happenings = st.lists(
    st.builds(Happening, at_ms=st.integers(0, 10**12), id=st.uuids().map(str), who=st.text(), what=st.text()),
    max_size=6,
)


@given(happenings, st.randoms(use_true_random=False))
def test_the_same_timeline_makes_the_same_draft_in_whatever_order_it_is_read(
    told: list[Happening], random: Any
) -> None:
    def drafted(events: list[Happening]) -> dict[str, str]:
        return draft(
            Material(
                severity="sev1",
                summary="",
                customer_impact="",
                affected=[],
                times=dict.fromkeys(MILESTONES),
                happenings=events,
                tasks=[Task(text="x", owner="", due_on=None, state="not_doing", reason="y")],
            )
        )

    mixed = list(told)
    random.shuffle(mixed)
    assert drafted(mixed) == drafted(told)
    assert len(drafted(told)["timeline"].splitlines()) == max(1, len(told))


def test_a_long_timeline_is_cut_and_says_so() -> None:
    told = [Happening(at_ms=number, id=f"{number:05d}", who="", what="x" * 100) for number in range(1000)]
    text = draft(
        Material(
            severity="sev1",
            summary="",
            customer_impact="",
            affected=[],
            times=dict.fromkeys(MILESTONES),
            happenings=told,
            tasks=[],
        )
    )["timeline"]
    assert len(text) < 20_000
    kept = len(text.splitlines()) - 1
    assert text.splitlines()[-1] == f"- and {1000 - kept} more, on the timeline of the incident"


@given(st.text())
def test_words_hold_no_markup_and_stay_on_one_line(text: str) -> None:
    told = words(text)
    assert "\n" not in told
    for before, sign in itertools.pairwise(" " + told):
        if sign in "<*_`[]#|~!&$":
            assert before == "\\"


@given(st.text(alphabet=st.sampled_from("#=- \n<a>/!?`")))
def test_nobodys_markdown_makes_a_heading_of_ours_or_a_tag(text: str) -> None:
    for one in embedded(text, 2).split("\n"):
        stripped = one.strip()
        assert not stripped or stripped.strip("=") != ""
        assert not one.lstrip(" ").startswith(("# ", "## ")) or len(one) - len(one.lstrip(" ")) > 3


def test_a_sev2_has_five_working_days() -> None:
    friday_ms = 1_759_500_000_000  # 2025-10-03T14:00:00Z
    assert due_ms("sev2", friday_ms) == friday_ms + 7 * 86_400_000
    assert due_ms("sev2", friday_ms + 86_400_000) == friday_ms + 7 * 86_400_000
    assert due_ms("sev3", friday_ms) is None
