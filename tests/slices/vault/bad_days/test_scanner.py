"""A real ClamAV daemon stands between a file and the vault: what it knows is refused, and without it nothing passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from clamd_server import CLAMD, EICAR, ClamdServer
from ward import Ward, open_ward

from wipsie.testing.sample_reports import sample_report
from wipsie.testing.sample_reports.hostile.raw_pdf import flate, one_page, stream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CLAMD is None, reason="clamd is not installed: apt-get install clamav-daemon"),
]
BLOOD = sample_report(4, form="text_pdf")


@pytest.fixture
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClamdServer]:
    server = ClamdServer(tmp_path_factory.mktemp("clamd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def ward(tmp_path: Path, clamd: ClamdServer) -> AsyncIterator[Ward]:
    async with open_ward(tmp_path, moves=True, VAULT_SCANNER=f"unix:{clamd.socket}") as opened:
        yield opened


@pytest.mark.parametrize(
    "content",
    [
        one_page(page=b"/Contents 4 0 R", more={4: stream(EICAR)}),
        one_page(page=b"/Contents 4 0 R", more={4: flate(EICAR)}),
    ],
    ids=["in-a-pdf", "in-a-compressed-stream"],
)
async def test_what_the_scanner_knows_is_refused_and_its_bytes_are_nobodys(ward: Ward, content: bytes) -> None:
    asha = await ward.agreed()
    await asha.send_document(content, filename="report.pdf")
    await asha.expect("the virus scanner found something", timeout_s=20)
    await ward.comes_to(["infected"], "SELECT scan FROM vault_files")
    await ward.comes_to(0, "SELECT count(*) FROM vault_objects WHERE wrapped_key IS NOT NULL")


async def test_a_scanner_that_is_away_keeps_files_in_quarantine_until_it_is_back(
    ward: Ward, clamd: ClamdServer
) -> None:
    asha = await ward.agreed()
    await asyncio.to_thread(clamd.stop)
    await ward.send_report(asha, BLOOD)
    await asha.expect("I cannot check files right now", timeout_s=20)
    for _ in range(3):
        await ward.advance(61)
    await ward.comes_to(["scanner_away"], "SELECT reason FROM vault_files WHERE state = 'fetching'")
    assert sum("cannot check" in one.text for one in asha.received) == 1
    assert sum(call.route == "lookup" for call in ward.simulator.log.calls) == 1, "it is here already"
    await asyncio.to_thread(clamd.start)
    await ward.advance(61)
    await asha.expect(kind="button", timeout_s=20)
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=15)
    await ward.comes_to(["clean"], "SELECT scan FROM vault_reports")
