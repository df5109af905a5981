"""All mails of an address are erased: whatever becomes of the store meanwhile, and of nobody else's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from keepers import LETTER, Keepers, mail

from wipsie.app import mail_desk
from wipsie.app.mail_desk import MailDesk
from wipsie.audit.keys import AuditKeys
from wipsie.audit.log import AuditLog
from wipsie.kernel.errors import InvalidInput, StorageUnavailable
from wipsie.slices.mail.store.reading import mails_of
from wipsie.testing.clock import FakeClock

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def command(keepers: Keepers) -> MailDesk:
    """What `wipsie mail erase` works with."""
    desk = keepers.desk
    desk.database.record_with(AuditLog(lambda: AuditKeys([b"k" * 32]), desk.clock))
    settings: Any = SimpleNamespace()
    return MailDesk(
        settings=settings, clock=desk.clock, database=desk.database, blobs=desk.blobs, work=keepers.work, pool=desk.pool
    )


@DATABASES
async def test_all_leave_the_index_though_the_store_is_away_and_the_upkeep_ends_it(
    keepers: Keepers, command: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_desk, "ERASED_AT_ONCE", 2)
    await keepers.file(*(mail(number, attachment=b"x") for number in range(5)), LETTER)
    folder, away = keepers.desk.folder / "blobs", keepers.desk.folder / "away"
    folder.rename(away)
    folder.write_text("a file where the store was")
    with pytest.raises(StorageUnavailable, match="All 5 mails are out of the index"):
        await command.erase("bob@example.org", dry_run=False)
    assert [one["subject"] for one in await keepers.desk.mails()] == [LETTER.subject]
    folder.unlink()
    away.rename(folder)
    # What was tried just now is not tried again before the next upkeep.
    assert await keepers.eraser().sweep() == 0
    in_an_hour = FakeClock(start_s=keepers.desk.clock.now() + 3600)
    assert await keepers.eraser(clock=in_an_hour).sweep() == 5
    assert len(await keepers.keys("emails")) == 1
    assert await keepers.keys("mail") == []


@DATABASES
async def test_bounces_are_nobodys(keepers: Keepers, command: MailDesk) -> None:
    for number in range(3):
        await keepers.desk.put_raw(mail(number), sender="", recipients=("carol@example.org",))
    await keepers.desk.work()
    for address in ("", " "):
        async with keepers.desk.database.read() as connection:
            assert await mails_of(connection, address) == ([], [])
        with pytest.raises(InvalidInput):
            await command.erase(address, dry_run=False)
    assert await command.erase("Carol@Example.org ", dry_run=True) == (3, 0)
    assert await command.erase("@example.org", dry_run=False) == (3, 0)
