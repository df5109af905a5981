"""Who somebody is: known by user id alone, with another number, with somebody else's old number, without consent any more."""

from __future__ import annotations

import msgspec
import pytest
from ward import Ward

from wipsie.testing.sample_reports import sample_report

pytestmark = pytest.mark.slow
BLOOD = sample_report(4, form="text_pdf")
DAY_S = 86_400


async def test_somebody_without_a_number_is_served_like_everybody(ward: Ward) -> None:
    lia = await ward.agreed("Lia Test", username="lia.test")
    await ward.saved(lia, BLOOD)
    await lia.send_text("LIST")
    await lia.expect(kind="list", timeout_s=15)
    calls = [call.request for call in ward.simulator.log.sends if call.request.get("type")]
    assert calls
    assert all("to" not in call and call["recipient"] == lia.user_id for call in calls)


async def test_who_changes_the_number_keeps_the_reports_behind_the_pin(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    await asha.send_text("PIN 402817")
    await asha.expect("Your PIN is set", timeout_s=15)
    owner = await ward.owner_of(asha)
    await asha.change_number("15550100777")
    await ward.comes_to(1, "SELECT needs_step_up FROM vault_identities WHERE id = :owner", owner=owner)
    assert await ward.owner_of(asha) == owner
    await asha.send_text("LIST")
    await asha.expect("PIN", timeout_s=15)
    await asha.send_text("402818")
    await asha.expect("That was not the PIN", timeout_s=15)
    await asha.send_text("402817")
    await asha.expect(kind="list", timeout_s=15)
    await asha.send_text("LIST")
    await asha.expect(kind="list", timeout_s=15)


async def test_who_wrote_under_the_new_id_before_the_news_came_is_who_they_were(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    owner = await ward.owner_of(asha)
    # The first webhook is the news.
    ward.simulator.faults.latency(30)
    await asha.change_number("15550100777")
    await asha.send_text("Hello")
    await asha.expect("Do you agree?", timeout_s=15)
    assert await ward.owner_of(asha) != owner
    await ward.advance(31)
    await ward.comes_to([owner], "SELECT id FROM vault_identities")
    assert await ward.owner_of(asha) == owner
    await asha.send_text("LIST")
    await asha.expect(kind="list", timeout_s=15)


async def test_who_has_somebody_elses_old_number_sees_nothing_of_theirs(ward: Ward) -> None:
    asha = await ward.agreed("Asha", number="15550100123")
    await ward.saved(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await asha.send_text("PIN 402817")
    await asha.expect("Your PIN is set", timeout_s=15)
    # She gave it up, and nobody was told; now it is Ravi's.
    asha.identity = msgspec.structs.replace(asha.identity, number="15550100199")
    ravi = ward.phone("Ravi", number="15550100123")
    await ravi.send_text("LIST")
    await ravi.expect("Do you agree?", timeout_s=15)
    await ravi.tap("I agree")
    await ravi.expect("Send me a report", timeout_s=15)
    for words in ("LIST", "SEARCH report"):
        await ravi.send_text(words)
        await ravi.expect("no saved reports" if words == "LIST" else "Nothing found", timeout_s=15)
    await ravi.send_text("GET 1")
    await ravi.expect("There is no report 1 of yours", timeout_s=15)
    assert await ward.owner_of(ravi) != owner
    await ward.comes_to(1, "SELECT needs_step_up FROM vault_identities WHERE id = :owner", owner=owner)


async def test_who_stops_is_erased_after_the_time_that_was_said(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await asha.send_text("STOP")
    await asha.expect("I have stopped", timeout_s=15)
    await ward.advance(29 * DAY_S)
    assert (await ward.clean())["erased"] == 0
    await ward.advance(DAY_S + 60)
    assert (await ward.clean())["erased"] == 1
    for statement in (
        "SELECT 1 FROM vault_identities WHERE id = :owner",
        "SELECT 1 FROM vault_conversations WHERE owner = :owner",
        "SELECT 1 FROM vault_deliveries WHERE owner = :owner",
        "SELECT 1 FROM vault_objects WHERE owner = :owner AND wrapped_key IS NOT NULL",
        "SELECT 1 FROM vault_words WHERE :owner = :owner",
    ):
        assert await ward.rows(statement, owner=owner) == [], statement
    left = await ward.rows("SELECT withdrawn_at_ms FROM vault_consents WHERE owner = :owner", owner=owner)
    assert left[0][0] is not None
    await asha.send_text("Hello")
    await asha.expect("Do you agree?", timeout_s=15)


async def test_who_agrees_again_in_time_keeps_everything(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    await asha.send_text("STOP")
    await asha.expect("I have stopped", timeout_s=15)
    await ward.advance(29 * DAY_S)
    await asha.send_text("Hello")
    await asha.expect("Do you agree?", timeout_s=15)
    await asha.tap("I agree")
    await asha.expect("Thank you", timeout_s=15)
    await ward.advance(2 * DAY_S)
    assert (await ward.clean())["erased"] == 0
    await asha.send_text("LIST")
    await asha.expect(kind="list", timeout_s=15)


async def test_who_has_everything_erased_is_forgotten_once_that_was_said(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await asha.send_text("STOP")
    await asha.expect("I have stopped", timeout_s=15)
    await asha.tap("Erase all")
    await asha.expect("Erase all your reports now?", timeout_s=15)
    await asha.tap("Erase all")
    await asha.expect("Everything of yours is erased", timeout_s=15)
    keys = "SELECT count(*) FROM vault_objects WHERE owner = :owner AND wrapped_key IS NOT NULL"
    await ward.comes_to(0, keys, owner=owner)
    await ward.advance(DAY_S + 60)
    assert (await ward.clean())["erased"] == 1
    assert await ward.rows("SELECT 1 FROM vault_identities WHERE id = :owner", owner=owner) == []
