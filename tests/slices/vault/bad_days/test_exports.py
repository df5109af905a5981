"""An archive that cannot be made: who asked for it hears so, and may ask again."""

from __future__ import annotations

import asyncio

import pytest
from ward import Ward

from wipsie.slices.vault.jobs import MEDIA_QUEUE
from wipsie.testing.eventually import eventually
from wipsie.testing.sample_reports import sample_report

pytestmark = pytest.mark.slow
BLOOD = sample_report(4, form="text_pdf")
FAILED = "could not be put together"


async def test_the_object_store_stays_away_and_the_archive_is_given_up(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    store = ward.parts.settings.data_dir / "blobs"
    hidden = store.with_name("away")
    await asyncio.to_thread(lambda: (store.rename(hidden), store.write_bytes(b"")))
    await asha.send_text("EXPORT")
    await asha.expect("putting your reports together", timeout_s=15)
    for pause_s in (31, 121, 601):
        await eventually(ward.is_idle, 15, "the try comes to its end")
        assert not any(FAILED in one.text for one in asha.received)
        await ward.simulator.advance(pause_s)
    await asha.expect(FAILED, timeout_s=15)
    engine = ward.parts.engine
    dead = await engine.counts(engine.resolve(engine.names.dead_letter(engine.resolve(MEDIA_QUEUE))))
    assert dead.total == 1, "whoever looks after the machine is told too"
    await asyncio.to_thread(lambda: (store.unlink(), hidden.rename(store)))
    await asha.send_text("EXPORT")
    await asha.expect("Your reports are ready: 1", timeout_s=15)
    assert sum(FAILED in one.text for one in asha.received) == 1


async def test_an_archive_whose_job_was_lost_is_given_up_by_the_cleaner(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    engine = ward.parts.engine
    media = engine.resolve(MEDIA_QUEUE)
    await engine.pause(media)
    await asha.send_text("EXPORT")
    await asha.expect("putting your reports together", timeout_s=15)

    async def is_there() -> bool:
        return (await engine.counts(media)).total > 0

    await eventually(is_there, 15, "the job is in the queue")
    await engine.purge(media)
    await engine.resume(media)
    await ward.advance(3 * 3_600 + 1)
    assert (await ward.clean())["exports"] == 1
    await asha.expect(FAILED, timeout_s=15)
    assert (await ward.clean())["exports"] == 0
