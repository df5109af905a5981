"""What the vault leans on is away: nothing is lost, nobody is answered twice, and it goes on by itself."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from ward import Ward, open_ward

from wipsie.testing.eventually import eventually
from wipsie.testing.sample_reports import sample_report

pytestmark = pytest.mark.slow
BLOOD = sample_report(4, form="text_pdf")
HOUR_S = 3_600


async def test_whatsapp_is_away_for_hours_and_the_file_comes_once_it_is_back(ward: Ward) -> None:
    asha = await ward.agreed()
    before = len(asha.received)
    faults = ward.simulator.faults
    faults.error(131016, times=None)
    await ward.send_report(asha, BLOOD)
    await ward.comes_to(1, "SELECT attempts FROM vault_files")
    for _ in range(12):
        await ward.advance(HOUR_S / 4)
    assert len(asha.received) == before
    asked = sum(call.route == "lookup" for call in ward.simulator.log.calls)
    assert asked <= 4 + 2, "four look-ups in the first hour, one in each of the others"
    faults.clear()
    while not any(one.kind == "button" for one in asha.received[before:]):
        await ward.advance(HOUR_S / 4)
    await asha.expect("Check the details", kind="button", timeout_s=20)
    assert sum(one.header == "Check the details" for one in asha.received) == 1
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=20)


async def test_a_token_that_ended_stops_all_sending_until_it_is_renewed(ward: Ward) -> None:
    asha = await ward.agreed()
    ward.simulator.expire_token()
    await asha.send_text("LIST")
    await ward.comes_to(190, "SELECT error_code FROM vault_pauses")
    await asha.send_text("HELP")
    await ward.comes_to(0, "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL")
    sends = len(ward.simulator.log.sends)
    await ward.advance(50)
    assert len(ward.simulator.log.sends) == sends, "a token that is dead is not tried with every message"
    ward.simulator.renew_token()
    await ward.advance(15)
    await asha.expect("shows your reports", timeout_s=20)
    assert [one.text[:12] for one in asha.received].count("You have no ") == 1
    await ward.comes_to([], "SELECT error_code FROM vault_pauses")


async def test_the_object_store_is_away_and_the_file_waits(ward: Ward) -> None:
    asha = await ward.agreed()
    store = ward.parts.settings.data_dir / "blobs"
    hidden = store.with_name("away")
    await asyncio.to_thread(lambda: (store.mkdir(exist_ok=True), store.rename(hidden), store.write_bytes(b"")))
    await ward.send_report(asha, BLOOD)
    await ward.comes_to(1, "SELECT attempts FROM vault_files", timeout_s=20)
    await ward.comes_into("CHECKING", asha)
    await asyncio.to_thread(lambda: (store.unlink(), hidden.rename(store)))
    await ward.advance(20)
    await asha.expect(kind="button", timeout_s=20)
    await ward.comes_to(["staged"], "SELECT state FROM vault_files")


async def test_a_report_is_saved_later_when_the_store_is_away_at_that_moment(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.card_of(asha, BLOOD)
    store = ward.parts.settings.data_dir / "blobs"
    hidden = store.with_name("away")
    await asyncio.to_thread(lambda: (store.rename(hidden), store.write_bytes(b"")))
    await asha.tap("Save")
    await ward.comes_into("SAVING", asha)
    await asyncio.to_thread(lambda: (store.unlink(), hidden.rename(store)))
    await ward.advance(125)
    await asha.expect("Saved as report 1", timeout_s=20)
    await ward.comes_to(1, "SELECT count(*) FROM vault_reports")


async def test_without_its_key_the_vault_stands_by_and_meta_keeps_what_comes(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    async with open_ward(tmp_path, moves=True, VAULT_KEYS="", VAULT_KEY_FILE=str(keys)) as ward:
        asha = await ward.agreed()
        await ward.advance(1)
    hidden = keys.with_name("safe")
    shutil.move(keys, hidden)
    async with open_ward(tmp_path, moves=True, VAULT_KEYS="", VAULT_KEY_FILE=str(keys), simulator={"seed": 2}) as ward:
        asha = ward.phone()
        await asha.send_text("Hello")
        await eventually(lambda: [one.status_code for one in ward.simulator.log.attempts][:1] == [503], 10)
        assert (await ward.rows("SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL"))[0][0] == 0
        shutil.move(hidden, keys)
        await ward.simulator.advance(60)
        await asha.expect("agree", timeout_s=20)
