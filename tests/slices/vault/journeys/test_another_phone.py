"""Another telephone under the same number: perhaps its owner's, perhaps somebody else's by now. What was kept stays closed until it is known."""

from __future__ import annotations

import aiohttp
import pytest
from sqlalchemy import insert
from ward import Ward

from wipsie.auth.accounts import users_table
from wipsie.kernel.ids import new_object_id
from wipsie.testing.office import Badge
from wipsie.testing.sample_reports import sample_report
from wipsie.testing.simulators.whatsapp import Phone

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BLOOD, BILL = sample_report(4, form="text_pdf"), sample_report(5, form="text_pdf")
NEEDS = "SELECT needs_step_up FROM vault_identities WHERE id = :owner"


async def reinstall(ward: Ward, phone: Phone) -> str:
    """Their telephone is another one, as WhatsApp says; our name for them."""
    owner = await ward.owner_of(phone)
    await phone.reinstall()
    await ward.comes_to(1, NEEDS, owner=owner)
    return owner


async def unlock(ward: Ward, owner: str) -> int:
    """Somebody of the staff lets them in; the status of the answer."""
    parts, now_ms = ward.parts, ward.parts.clock.now_ms()
    user_id = new_object_id("usr", now_ms)
    async with parts.database.begin() as connection:
        await connection.execute(
            insert(users_table).values(
                id=user_id,
                email=f"{user_id}@example.org",
                email_key=f"{user_id}@example.org",
                name="Ada",
                role="admin",
                is_active=True,
                timezone="UTC",
                work_days=[0],
                reader_only=False,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
                version=1,
            )
        )
    headers = {"Authorization": f"Bearer {await Badge(parts, user_id, 'admin').token()}"}
    reason = {"reason": "She came to the desk with her identity card."}
    async with (
        aiohttp.ClientSession(ward.url, headers=headers) as session,
        session.post(f"/api/vault/owners/{owner}/unlock", json=reason) as answer,
    ):
        return answer.status


async def test_who_has_no_pin_is_sent_to_staff_and_goes_on_once_they_are_sure(ward: Ward) -> None:
    asha = await ward.agreed("Asha Another")
    await ward.saved(asha, BLOOD)
    owner = await reinstall(ward, asha)
    for words in ("LIST", "GET 1", "SEARCH report", "SHARE 1", "EXPORT", "DELETE 1", "HISTORY", "PIN 402817"):
        await asha.send_text(words)
        await asha.expect("your earlier reports stay closed. Please ask", timeout_s=15)
    # New ones are kept as ever.
    saved = await ward.saved(asha, BILL)
    assert "Saved as report 2" in saved.text
    assert await unlock(ward, owner) == 204
    await asha.expect("Your earlier reports are open to you again", timeout_s=15)
    await asha.send_text("LIST")
    listed = await asha.expect(kind="list", timeout_s=15)
    assert len(listed.choices) == 2
    await asha.send_text("PIN 402817")
    await asha.expect("Your PIN is set", timeout_s=15)
    await reinstall(ward, asha)
    await asha.send_text("LIST")
    await asha.expect("send your PIN", timeout_s=15)
    await asha.send_text("402817")
    await asha.expect(kind="list", timeout_s=15)


async def test_whoever_has_the_telephone_sees_nothing_of_what_was_open_or_confirmed_before(ward: Ward) -> None:
    asha = await ward.agreed("Asha Before")
    await ward.card_of(asha, BLOOD)
    await asha.send_text("hospital Marmalade Hill Clinic")
    await asha.expect("Marmalade Hill Clinic", timeout_s=15)
    await asha.tap("Save")
    await asha.expect("Saved as report", timeout_s=15)
    await ward.card_of(asha, BILL)
    before = len(asha.received)
    owner = await reinstall(ward, asha)
    await asha.wait_for(lambda bubble: "what was not saved yet is discarded" in bubble.text, timeout_s=15)
    # The same files, in whoever's hands: nobody is told that they were there before.
    await ward.card_of(asha, BLOOD)
    await asha.tap("Change")
    await asha.expect("What shall I change?", timeout_s=15)
    await asha.tap("Hospital")
    await asha.expect("hospital", timeout_s=15)
    shown = "\n".join(f"{bubble.text} {bubble.choices}" for bubble in asha.received[before:])
    assert "Marmalade" not in shown
    assert "already" not in shown
    await ward.comes_to(1, "SELECT count(*) FROM vault_reports WHERE owner = :owner", owner=owner)


async def test_who_has_a_pin_goes_on_without_anybody(ward: Ward) -> None:
    asha = await ward.agreed("Asha Pin")
    await ward.saved(asha, BLOOD)
    await asha.send_text("PIN 402817")
    await asha.expect("Your PIN is set", timeout_s=15)
    await reinstall(ward, asha)
    await asha.send_text("GET 1")
    await asha.expect("send your PIN", timeout_s=15)
    await asha.send_text("402817")
    await asha.expect("http", timeout_s=15)


async def test_who_changes_the_number_and_has_no_pin_is_who_they_were(ward: Ward) -> None:
    asha = await ward.agreed("Asha Number", number="15550100551")
    await ward.saved(asha, BLOOD)
    owner = await ward.owner_of(asha)
    await asha.change_number("15550100552")
    await ward.comes_to(1, "SELECT count(*) FROM audit_events WHERE action = 'vault:identity:change' AND object = :object",
                        object=f"owner:{owner}")  # fmt: skip
    await asha.send_text("LIST")
    await asha.expect(kind="list", timeout_s=15)
    # The user id alone, and their next message is here before the news of it.
    ward.simulator.faults.latency(30)
    await asha.change_user_id()
    await asha.send_text("Hello")
    await asha.expect("Do you agree?", timeout_s=15)
    await ward.advance(31)
    await ward.comes_to([0], "SELECT needs_step_up FROM vault_identities WHERE id = :owner", owner=owner)
    assert await ward.owner_of(asha) == owner
    await asha.send_text("LIST")
    await asha.expect(kind="list", timeout_s=15)
