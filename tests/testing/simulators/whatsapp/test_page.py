"""The page in a real browser: people write, drop files, tap, move the clock and make things go wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.testing import eventually
from wipsie.testing.browser import Browser, browser_program
from wipsie.testing.simulators.whatsapp import WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Graph, Receiver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(browser_program() is None, reason="there is no Chromium on this machine"),
]
NUMBER = "15550100123"


@pytest.fixture
async def page(simulator: WhatsAppSimulator, tmp_path: Path) -> AsyncIterator[Browser]:
    simulator.phone("Asha Example", number=NUMBER)
    simulator.phone("Ravi Example")
    async with Browser(tmp_path / "browser") as page:
        await page.open(f"{simulator.url}/")
        await page.until("document.querySelector('.who[aria-current]')")
        yield page
        # Nothing was refused by the page's own policy, nothing failed in it.
        assert page.complaints == []


async def test_a_report_is_sent_and_saved(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, page: Browser, tmp_path: Path
) -> None:
    report = tmp_path / "CBC Nov 2025.pdf"
    report.write_bytes(b"%PDF-1.7\n%%EOF")
    await page.fill("Message", "Blood test")
    page.choose_files([report])
    await page.click("Attach")
    await page.click("Document")
    node = await receiver.message("document")
    assert (node["document"]["filename"], node["document"]["caption"]) == ("CBC Nov 2025.pdf", "Blood test")
    await page.until("document.querySelector('.ticks.delivered')")
    await graph.send(None, status="read", message_id=node["id"], typing_indicator={"type": "text"})
    await page.until("document.querySelector('#presence').textContent === 'typing…'")
    await page.until("document.querySelector('.ticks.read')")
    buttons = [{"type": "reply", "reply": {"id": f"s:1:{word}", "title": word}} for word in ("Save", "Change")]
    card = {"type": "button", "body": {"text": "3 Nov 2025"}, "action": {"buttons": buttons}}
    await graph.sent(type="interactive", interactive=card)
    await page.click("Save")
    tap = await receiver.message("interactive")
    assert tap["interactive"]["button_reply"] == {"id": "s:1:Save", "title": "Save"}
    await receiver.status("read")


async def test_people_write_answer_edit_and_choose_from_lists(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, page: Browser
) -> None:
    await page.fill("Message", "LIST")
    await page.press("Enter")
    await receiver.message("text")
    rows = [{"id": "1", "title": "Blood test", "description": "CBC"}, {"id": "2", "title": "Imaging"}]
    sheet: dict[str, Any] = {"button": "Choose", "sections": [{"title": "Common", "rows": rows}]}
    await graph.sent(type="interactive", interactive={"type": "list", "body": {"text": "Which?"}, "action": sheet})
    await page.click("Choose")
    await page.click("Imaging")
    node = await receiver.message("interactive")
    assert node["interactive"]["list_reply"] == {"id": "2", "title": "Imaging"}
    await page.click("More about this message", within=".line.mine:first-of-type, .line.mine")
    await page.click("Delete for everyone")
    await receiver.message("revoke")
    await page.until("document.querySelector('.gone')")


async def test_dropped_pictures_go_as_photos_or_as_documents(
    simulator: WhatsAppSimulator, receiver: Receiver, page: Browser
) -> None:
    drop = """(() => {
      const given = new DataTransfer();
      for (const name of ['1.jpg', '2.jpg']) given.items.add(new File([new Uint8Array([255, 216, 255])], name, {type: 'image/jpeg'}));
      document.querySelector('#phone').dispatchEvent(new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true}));
    })()"""
    await page.run(drop)
    await page.click("As photos")
    await eventually(lambda: len(simulator.phones["p1"].chat) == 1, message="nothing was sent")
    await simulator.advance(1)
    assert [one["type"] for one in receiver.messages] == ["image", "image"]
    await page.run(drop)
    await page.click("As documents")
    assert (await receiver.message("document"))["document"]["filename"] == "1.jpg"


async def test_markup_in_a_message_stays_text_and_links_can_be_followed(
    graph: Graph, page: Browser, simulator: WhatsAppSimulator
) -> None:
    await simulator.phones["p1"].send_text("hello")
    await simulator.settled()
    await graph.sent(text={"body": "<img src=x onerror=alert(1)> *bold* http://127.0.0.1:8000/r/abc?x=1."})
    assert await page.until("document.querySelector('.theirs .text strong')?.textContent") == "bold"
    link = "http://127.0.0.1:8000/r/abc?x=1"
    assert await page.until("document.querySelector('.theirs .text a')?.href") == link
    assert await page.run("document.querySelectorAll('#chat img').length") == 0


async def test_the_clock_faults_and_the_token_are_at_hand(
    simulator: WhatsAppSimulator, graph: Graph, page: Browser
) -> None:
    before_ms = simulator.clock.now_ms()
    await page.click("+24 h")
    await eventually(lambda: simulator.clock.now_ms() == before_ms + 86_400_000, message="the clock does not move")
    await page.click("Faults")
    await page.fill("What", "error")
    await page.fill("Error code", "131047")
    await page.fill("Calls", "messages")
    await page.click("Let it happen")
    await page.until("document.querySelector('.faults')?.textContent.includes('131047')")
    await simulator.phones["p1"].send_text("hello")
    assert await graph.refused() == 131047
    await page.until("!document.querySelector('.faults')")
    await page.click("Business")
    await page.click("Let the access token end")
    await page.click("Make the token good again")
    await eventually(lambda: not simulator.account.token_expired, message="the token stays ended")


async def test_phones_are_added_changed_and_switched_off(simulator: WhatsAppSimulator, page: Browser) -> None:
    await page.click("Add a phone")
    await page.fill("Username: hides the number from the business", "mira.example")
    await page.click("Add")
    await page.until("document.querySelector('.who[aria-current]').textContent.includes('Mira Example')")
    await page.click("This phone")
    await page.run("document.querySelector('#panel-user input[type=checkbox]').click()")
    await page.until("document.querySelector('#presence').textContent === 'This phone is off'")
    mira = simulator.phones["p3"]
    assert (mira.is_on, mira.identity.username, mira.identity.number_at(0)) == (False, "mira.example", None)


async def test_the_register_is_shown_and_the_log_opens(
    simulator: WhatsAppSimulator, receiver: Receiver, page: Browser
) -> None:
    await page.fill("Message", "LIST")
    await page.click("Send")
    await receiver.message("text")
    await page.until(
        "document.querySelector('.log summary')?.click() ?? document.querySelector('.log pre')?.textContent.includes('X-Hub-Signature-256')"
    )
    await page.click("Fidelity")
    assert await page.until("document.querySelectorAll('#panel-fidelity tbody tr').length") > 50


async def test_everything_has_a_name_for_those_who_do_not_see(page: Browser, simulator: WhatsAppSimulator) -> None:
    await simulator.phones["p1"].send_text("hello")
    for tab in ("Faults", "This phone", "Business"):
        await page.click(tab)
        await page.until(
            "[...document.querySelectorAll('[role=tabpanel]')].some((one) => !one.hidden && one.children.length)"
        )
        nameless = await page.run(
            """[...document.querySelectorAll('button, input, select, textarea, a')].filter((one) => one.checkVisibility())
            .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)"""
        )
        assert nameless == []
