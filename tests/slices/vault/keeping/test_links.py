"""Links open what they were made for, as often and as long as they may, and nothing to anybody else."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from link_visits import browser_of, link, opened, refusals
from vault_room import BOTH, OpenRoom, VaultRoom

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import InvalidInput, NotFound
from wipsie.slices.vault.domain.link_page import ask_page, refused_page
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.links import opening
from wipsie.slices.vault.service.keeping.links.opening import LinkDesk, OpenedLink
from wipsie.slices.vault.service.keeping.links.rules import LinkPurpose
from wipsie.slices.vault.store.links import prune_links
from wipsie.slices.vault.store.tables import identities_table, links_table, objects_table


@BOTH
async def test_a_link_shows_a_page_with_a_button_and_gives_the_bytes_after_it(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    saved = await room.saved(owner, b"%PDF the original")
    path = await link(room, owner)
    page = ""
    for _ in range(3):
        async with web.get(path) as answer:
            page = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert '<form method="post">' in page
    assert "<script" not in page
    assert "Lakeside" not in page
    assert await room.events("vault:link:open") == []
    async with web.post(path) as answer:
        assert (answer.status, await answer.read()) == (200, b"%PDF the original")
        assert answer.content_type == "application/pdf"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="report-1.pdf"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (event,) = await room.events("vault:link:open")
    assert (event.actor, event.object) == ("link", f"report:{saved.report_id}")
    assert event.facts == {"purpose": "get", "opens": 1, "number": 1}
    (row,) = await room.rows(links_table)
    assert (row["opens"], row["opened_at_ms"]) == (1, room.clock.now_ms())


async def test_the_opening_is_on_the_disk_before_the_first_byte_leaves(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    path = await link(room, owner)
    async with room.links.opened(path.rpartition("/")[2]) as (target, open_object):
        assert len(await room.events("vault:link:open")) == 1
        async with open_object(target.objects[0]) as content:
            assert [piece async for piece in content.pieces()] == [b"the original"]


async def test_a_report_of_several_files_comes_as_a_zip(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    contents = {"report-1-1.pdf": b"page one", "report-1-2.jpg": b"x" * 3_000_000, "report-1-3.pdf": b""}
    kinds = ["pdf", "jpeg", "pdf"]
    files = [await room.stage(owner, one, kind=kind) for one, kind in zip(contents.values(), kinds, strict=True)]
    await room.save(owner, files)
    async with web.post(await link(room, owner)) as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="report-1.zip"'
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == contents


async def test_links_open_on_every_kind_of_store(open_room: OpenRoom, each_store: BlobStore) -> None:
    room = await open_room(each_store)
    owner = await room.owner()
    await room.saved(owner, b"the original")
    async with browser_of(room) as web:
        assert await opened(web, await link(room, owner)) == (200, b"the original")


Spoil = Callable[[VaultRoom, str, str], Awaitable[str]]


async def _expired(room: VaultRoom, _owner: str, path: str) -> str:
    room.clock.jump(600)
    return path


async def _revoked(room: VaultRoom, owner: str, path: str) -> str:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        assert await room.link_giver.revoke(unit, ring, owner, Viewer.owner(owner), 1) == 1
    return path


async def _deleted(room: VaultRoom, owner: str, path: str) -> str:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.delete(unit, ring, owner, 1, Viewer.owner(owner))
        await room.eraser.restore(unit, ring, owner, Viewer.owner(owner), 1)
    return path


async def _erased(room: VaultRoom, owner: str, path: str) -> str:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.erase_owner(unit, ring, owner, Viewer.owner(owner))
    return path


async def _used(room: VaultRoom, _owner: str, path: str) -> str:
    async with room.links.opened(path.rpartition("/")[2]):
        return path


async def _altered(_room: VaultRoom, _owner: str, path: str) -> str:
    at = len(path) - 30
    return path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]


async def _foreign(room: VaultRoom, _owner: str, path: str) -> str:
    # The row says another owner than the link: somebody restored half a database, or wrote into it.
    async with room.database.begin() as connection:
        await connection.execute(links_table.update().values(owner="own_stranger"))
    return path


async def _forgotten(room: VaultRoom, _owner: str, path: str) -> str:
    async with room.database.begin() as connection:
        assert await prune_links(connection, before_ms=room.clock.now_ms() + 10**9, count_max=10) == 1
    return path


async def _nonsense(_room: VaultRoom, _owner: str, _path: str) -> str:
    return "/vault/links/x"


_SPOILED: dict[str, tuple[Spoil, str]] = {
    "expired": (_expired, "expired"),
    "revoked": (_revoked, "revoked"),
    "of a report that was deleted and restored": (_deleted, "revoked"),
    "of a report that is erased": (_erased, "revoked"),
    "used": (_used, "used"),
    "altered": (_altered, "altered"),
    "somebody else's": (_foreign, "unknown"),
    "forgotten": (_forgotten, "unknown"),
    "nonsense": (_nonsense, "altered"),
}


@pytest.mark.parametrize(("spoil", "why"), _SPOILED.values(), ids=list(_SPOILED))
async def test_a_link_that_may_not_be_opened_is_refused_in_the_same_words_and_recorded(
    room: VaultRoom, web: aiohttp.ClientSession, spoil: Spoil, why: str
) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    path = await spoil(room, owner, await link(room, owner))
    before = len(await room.events("vault:link:open"))
    for method in ("GET", "POST"):
        async with web.request(method, path) as answer:
            assert (answer.status, await answer.text()) == (404, refused_page())
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert [reason for _, reason in await refusals(room)] == [why, why]
    assert len(await room.events("vault:link:open")) == before


async def test_a_link_for_one_report_opens_no_other(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner, other = await room.owner(), await room.owner()
    await room.saved(owner, b"mine")
    await room.saved(other, b"theirs")
    assert await opened(web, await link(room, other)) == (200, b"theirs")
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        with pytest.raises(NotFound):
            await room.link_giver.make(unit, ring, owner, 2, Viewer.owner(owner))


async def test_a_link_to_be_opened_once_is_opened_once_by_many_at_a_time(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    path = await link(room, owner)
    answers = await asyncio.gather(*(opened(web, path) for _ in range(6)))
    assert sorted(status for status, _ in answers) == [200, 404, 404, 404, 404, 404]
    assert len(await room.events("vault:link:open")) == 1


async def test_a_shared_link_is_opened_up_to_its_limit_and_its_owner_is_told_each_time(
    open_room: OpenRoom,
) -> None:
    told: list[OpenedLink] = []

    async def tell(unit: UnitOfWork, ring: KeyRing, link: OpenedLink) -> None:
        del unit, ring
        told.append(link)

    room = await open_room(on_opened=tell)
    owner = await room.owner()
    await room.saved(owner)
    path = await link(room, owner, purpose="share")
    async with browser_of(room) as web:
        statuses = [(await opened(web, path))[0] for _ in range(21)]
    assert statuses == [200] * 20 + [404]
    assert [one.opens for one in told] == list(range(1, 21))
    assert (told[0].owner, told[0].purpose, told[0].number) == (owner, "share", 1)


@pytest.mark.parametrize(
    ("purpose", "lifetime_s"), [("get", 601), ("share", 7 * 86_400 + 1), ("share", 0), ("share", -5)]
)
async def test_no_link_is_good_for_longer_than_its_rule(
    room: VaultRoom, purpose: LinkPurpose, lifetime_s: float
) -> None:
    owner = await room.owner()
    await room.saved(owner)
    with pytest.raises(InvalidInput):
        await link(room, owner, purpose=purpose, lifetime_s=lifetime_s)
    assert await room.rows(links_table) == []


async def test_a_shared_link_is_good_for_a_day_or_as_long_as_was_asked_for(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    await link(room, owner, purpose="share")
    await link(room, owner, purpose="share", lifetime_s=7 * 86_400)
    lives = sorted(row["expires_at_ms"] - room.clock.now_ms() for row in await room.rows(links_table))
    assert lives == [86_400_000, 7 * 86_400_000]


async def test_a_link_stays_good_when_keys_are_added(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    path = await link(room, owner)
    await room.key_file.add()
    await room.keys.refresh()
    assert await opened(web, path) == (200, b"the original")


async def test_a_download_that_fails_does_not_use_the_link_up(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await room.saved(owner, b"the original")
    (row,) = await room.rows(objects_table)
    sealed = (await room.blobs.get(row["object_key"])).content
    path = await link(room, owner)
    await room.blobs.put(row["object_key"], sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    assert (await opened(web, path))[0] == 500
    assert await room.events("vault:link:open") == []
    await room.blobs.put(row["object_key"], sealed)
    assert await opened(web, path) == (200, b"the original")


async def test_strangers_cannot_fill_the_audit_log(
    room: VaultRoom, web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "REFUSALS_RECORDED_MAX", 3)
    desk = LinkDesk(room.database, room.sealed, room.keys, room.clock)
    for _ in range(5):
        with pytest.raises(opening.LinkRefused):
            await desk.look_up("x")
    assert len(await refusals(room)) == 3
    room.clock.jump(3_600)
    with pytest.raises(opening.LinkRefused):
        await desk.look_up("x")
    assert len(await refusals(room)) == 4


@pytest.mark.parametrize("language", ["hi", "pt"])
async def test_the_page_speaks_the_language_of_the_owner(
    room: VaultRoom, web: aiohttp.ClientSession, language: str
) -> None:
    owner = await room.owner()
    await room.saved(owner)
    async with room.database.begin() as connection:
        await connection.execute(identities_table.update().values(language=language))
    path = await link(room, owner)
    async with web.get(path) as answer:
        assert await answer.text() == ask_page(language, f"{path.rpartition('/')[2]}/pages")  # type: ignore[arg-type] - one of them
