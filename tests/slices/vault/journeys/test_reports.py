"""What is done with reports that are kept: found, shown, changed, shared, deleted and had back."""

from __future__ import annotations

import aiohttp
import pytest
from ward import Ward

from wipsie.testing.sample_reports import sample_report
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BLOOD = sample_report(4, form="text_pdf")


def link_in(bubble: Bubble) -> str:
    return next(word for word in bubble.text.split() if word.startswith("http"))


async def fetched(url: str) -> tuple[int, bytes]:
    """What the button on the page of a link gives."""
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        return answer.status, await answer.read()


async def test_a_report_costs_its_owner_a_file_and_a_tap_and_the_bot_two_messages(ward: Ward) -> None:
    asha = await ward.agreed("Asha")
    before = len(asha.received)
    await ward.saved(asha, BLOOD)
    assert [bubble.kind for bubble in asha.received[before:]] == ["button", "text"]
    receipts = await ward.rows("SELECT count(*) FROM vault_deliveries WHERE kind = 'read_receipt'")
    assert receipts[0][0] >= 1


async def test_a_report_is_found_by_its_words_and_by_nobody_else(ward: Ward) -> None:
    ravi, other = await ward.agreed("Ravi"), await ward.agreed("Lia")
    await ward.saved(ravi, BLOOD)
    word = max(BLOOD.truth.hospital.split(), key=len)
    await ravi.send_text(f"SEARCH {word}")
    await ravi.expect("Found 1 report", timeout_s=15)
    await other.send_text(f"SEARCH {word}")
    await other.expect("Nothing found", timeout_s=15)
    await other.send_text("GET 1")
    await other.expect("There is no report 1 of yours", timeout_s=15)


async def test_a_link_works_once_and_the_file_itself_comes_into_the_chat_where_that_is_allowed(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("GET 1")
    url = link_in(await ravi.expect("http", timeout_s=15))
    assert await fetched(url) == (200, BLOOD.content)
    assert (await fetched(url))[0] != 200
    await ravi.send_text("GET 1 FILE")
    bubble = await ravi.expect(kind="document", timeout_s=15)
    assert bubble.file is not None
    assert bubble.file.stored is not None
    assert bubble.file.stored.path.read_bytes() == BLOOD.content


async def test_who_shares_a_report_hears_of_every_opening_and_can_end_it(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("SHARE 1")
    url = link_in(await ravi.expect("Pass this link on", timeout_s=15))
    assert await fetched(url) == (200, BLOOD.content)
    await ravi.expect("The link you shared to report 1 was opened", timeout_s=15)
    await ravi.send_text("UNSHARE 1")
    await ravi.expect("do not work any more", timeout_s=15)
    assert (await fetched(url))[0] != 200


async def test_a_report_that_is_kept_is_changed_by_words(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("EDIT 1")
    await ravi.expect("Report 1: check the details", kind="button", timeout_s=15)
    await ravi.send_text("hospital Riverbank Clinic")
    await ravi.expect("Riverbank Clinic", kind="button", timeout_s=15)
    await ravi.tap("Save")
    await ravi.expect("Report 1 is changed", timeout_s=15)
    await ravi.send_text("LIST")
    page = await ravi.expect(kind="list", timeout_s=15)
    assert "Riverbank Clinic" in f"{page.choices[0].title} {page.choices[0].description}"


async def test_a_deleted_report_is_had_back_within_its_time_and_never_after(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("DELETE 1")
    await ravi.expect("Delete this report?", timeout_s=15)
    await ravi.tap("Delete")
    await ravi.expect("UNDO brings it back", timeout_s=15)
    await ravi.send_text("LIST")
    await ravi.expect("no saved reports yet", timeout_s=15)
    await ravi.send_text("UNDO")
    await ravi.expect("Report 1 is back", timeout_s=15)
    await ravi.send_text("DELETE 1")
    await ravi.expect("Delete this report?", timeout_s=15)
    await ravi.tap("Delete")
    await ravi.expect("UNDO brings it back", timeout_s=15)
    await ward.advance(7 * 86_400 + 60)
    await ward.application.parts.slices[0].upkeep[0]()
    await ravi.send_text("UNDO 1")
    await ravi.expect("nothing to bring back", timeout_s=15)
    await ward.comes_to(
        0,
        "SELECT count(*) FROM vault_objects o JOIN vault_report_files f ON f.file = o.file "
        "JOIN vault_reports r ON r.id = f.report WHERE r.erased_at_ms IS NOT NULL AND o.wrapped_key IS NOT NULL",
    )


async def test_history_tells_what_was_done_with_a_report(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("GET 1")
    await ravi.expect("http", timeout_s=15)
    await ravi.send_text("HISTORY 1")
    told = await ravi.expect("What was done with report 1", timeout_s=15)
    assert "saved" in told.text
    assert "link made" in told.text


async def test_everything_is_taken_along_in_one_archive(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ward.saved(ravi, BLOOD)
    await ravi.send_text("EXPORT")
    url = link_in(await ravi.expect("Your reports are ready", timeout_s=30))
    status, archive = await fetched(url)
    assert status == 200
    assert archive.startswith(b"PK")


async def test_the_language_is_chosen_and_spoken_from_then_on(ward: Ward) -> None:
    ravi = await ward.agreed("Ravi")
    await ravi.send_text("LANG")
    await ravi.expect("Which language", kind="list", timeout_s=15)
    await ravi.tap("Deutsch")
    await ravi.expect("Deutsch", timeout_s=15)
    await ravi.send_text("LISTE")
    await ravi.expect("noch keine", timeout_s=15)
