"""Looking at pages before they are downloaded, and the order an owner gives them."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from link_visits import browser_of, link, opened, refusals
from vault_room import BOTH, OpenRoom, ProcessDies, VaultRoom

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.slices.vault.domain.languages import LANGUAGES
from wipsie.slices.vault.domain.link_page import Note, PageView, look_page, refused_page
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.links.opening import OpenedLink
from wipsie.slices.vault.service.keeping.links.rules import LinkPurpose
from wipsie.slices.vault.service.keeping.looking import PICTURES_S, Move
from wipsie.slices.vault.store.objects import object_of
from wipsie.slices.vault.store.tables import (
    identities_table,
    links_table,
    objects_table,
    report_files_table,
    reports_table,
)
from wipsie.slices.vault.store.words import WORDS_MAX

PHOTOS = [b"photo one", b"photo two", b"photo three"]
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}


async def photographed(room: VaultRoom, owner: str, photos: list[bytes] = PHOTOS) -> list[str]:
    """A report of photos that its owner saved; its files."""
    files = [await room.stage(owner, one, kind="jpeg", picture=b"small " + one) for one in photos]
    await room.save(owner, files)
    return files


async def looked(web: aiohttp.ClientSession, path: str) -> str:
    """The page with the pages."""
    async with web.post(f"{path}/pages") as answer:
        assert answer.status == 200
        return await answer.text()


async def moved(
    web: aiohttp.ClientSession, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
) -> tuple[int, str]:
    async with web.post(f"{path}/order", data=fields, headers=headers) as answer:
        return answer.status, await answer.text()


async def pictures(web: aiohttp.ClientSession, path: str, page: str) -> list[bytes]:
    """What the page shows, in its order."""
    found: list[bytes] = []
    for address in re.findall(r'<img src="([^"]+)"', page):
        async with web.get(f"{path}/{address}") as answer:
            assert answer.status == 200
            found.append(await answer.read())
    return found


async def downloaded(web: aiohttp.ClientSession, path: str) -> list[bytes]:
    """The files of a report of several, in the order of their names."""
    status, content = await opened(web, path)
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in sorted(archive.namelist())]


async def order(room: VaultRoom) -> list[str]:
    rows = sorted(await room.rows(report_files_table), key=lambda row: row["position"])
    assert [row["position"] for row in rows] == list(range(len(rows)))
    return [row["file"] for row in rows]


# -------------------------------------------------------------------------------------------------------------- looking


@BOTH
async def test_the_pages_are_shown_by_a_button_and_that_uses_nothing_up(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    path = await link(room, owner)
    async with web.get(path) as answer:
        asked = await answer.text()
    assert f'action="{path.rpartition("/")[2]}/pages"' in asked
    assert "<img" not in asked
    for _ in range(3):
        assert await pictures(web, path, await looked(web, path)) == [b"small " + one for one in PHOTOS]
    (row,) = await room.rows(links_table)
    assert (row["opens"], row["looks"], row["looked_at_ms"]) == (0, 3, room.clock.now_ms())
    events = await room.events("vault:link:look")
    assert [event.facts for event in events] == [{"number": 1, "purpose": "get", "looks": n} for n in (1, 2, 3)]
    assert {event.actor for event in events} == {"link"}
    assert await downloaded(web, path) == PHOTOS


async def test_a_page_and_its_pictures_are_kept_by_nobody_and_run_nothing(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    path = await link(room, owner)
    async with web.post(f"{path}/pages") as answer:
        page = await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self'" in policy
    assert "script" not in policy + page
    address = re.findall(r'<img src="([^"]+)"', page)[0]
    async with web.get(f"{path}/{address}") as answer:
        assert answer.content_type == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_file_without_a_picture_is_shown_as_one(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await room.save(owner, [await room.stage(owner), await room.stage(owner, b"photo", kind="jpeg", picture=b"small")])
    page = await looked(web, await link(room, owner))
    assert page.count("<img") == 1
    assert "No picture" in page
    assert "File 1, a PDF" in page
    assert "Page 2" in page


async def test_a_picture_is_given_for_a_moment_after_a_recorded_look_only(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    path, other = await link(room, owner), await link(room, owner)
    (first, *_) = re.findall(r'<img src="([^"]+)"', await looked(web, other))
    # Who was shown nothing by this link guesses.
    async with web.get(f"{path}/{first}") as answer:
        assert (answer.status, await answer.text()) == (404, refused_page())
    await looked(web, path)
    room.clock.jump(PICTURES_S - 1)
    async with web.get(f"{path}/{first}") as answer:
        assert answer.status == 200
    room.clock.jump(1)
    async with web.get(f"{path}/{first}") as answer:
        assert answer.status == 404
    assert [why for _, why in await refusals(room)] == ["not_looked", "not_looked"]


async def test_no_picture_but_those_of_its_report_is_given_under_a_link(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner, other = await room.owner(), await room.owner()
    await photographed(room, owner)
    await photographed(room, other, [b"theirs"])
    path = await link(room, owner)
    await looked(web, path)
    rows = await room.rows(objects_table)
    mine = [row["id"] for row in rows if row["owner"] == owner and row["role"] == "original"]
    theirs = [row["id"] for row in rows if row["owner"] == other]
    for id_ in [*mine, *theirs, "obj_none", "x" * 500]:
        async with web.get(f"{path}/pages/{id_}") as answer:
            assert answer.status == 404, id_
    assert {why for _, why in await refusals(room)} == {"not_for_this"}


Spoil = Callable[[VaultRoom, str, str], Awaitable[None]]


async def _expired(room: VaultRoom, _owner: str, _path: str) -> None:
    room.clock.jump(600)


async def _revoked(room: VaultRoom, owner: str, _path: str) -> None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.link_giver.revoke(unit, ring, owner, Viewer.owner(owner), 1)


async def _deleted(room: VaultRoom, owner: str, _path: str) -> None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.delete(unit, ring, owner, 1, Viewer.owner(owner))


async def _used(room: VaultRoom, _owner: str, path: str) -> None:
    async with room.links.opened(path.rpartition("/")[2]):
        pass


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(_expired, "expired"), (_revoked, "revoked"), (_deleted, "revoked"), (_used, "used")],
    ids=["expired", "revoked", "of a deleted report", "used"],
)
async def test_a_link_that_may_not_be_opened_shows_no_page_no_picture_and_changes_nothing(
    room: VaultRoom, web: aiohttp.ClientSession, spoil: Spoil, why: str
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    (first, *_) = re.findall(r'<img src="([^"]+)"', await looked(web, path))
    await spoil(room, owner, path)
    for method, where, data in (
        ("POST", "pages", None),
        ("GET", first, None),
        ("POST", "order", {"version": "1", "up": "2"}),
    ):
        async with web.request(method, f"{path}/{where}", data=data) as answer:
            assert (answer.status, await answer.text()) == (404, refused_page()), where
    assert [reason for _, reason in await refusals(room)] == [why] * 3
    assert await order(room) == files
    assert len(await room.events("vault:link:look")) == 1


async def test_a_link_is_looked_at_as_often_as_its_rule_says_and_still_opens(room: VaultRoom) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    path = await link(room, owner, purpose="share")
    async with room.database.begin() as connection:
        await connection.execute(links_table.update().values(looks=59))
    async with browser_of(room) as web:
        await looked(web, path)
        async with web.post(f"{path}/pages") as answer:
            assert answer.status == 404
        assert await downloaded(web, path) == PHOTOS


async def test_who_shared_a_report_is_told_of_the_first_look_and_of_every_download(open_room: OpenRoom) -> None:
    told: list[tuple[str, int | None, int]] = []

    async def tell(unit: UnitOfWork, ring: KeyRing, link: OpenedLink) -> None:
        del unit, ring
        told.append((link.purpose, link.number, link.opens))

    room = await open_room(on_opened=tell)
    owner = await room.owner()
    await photographed(room, owner)
    path = await link(room, owner, purpose="share")
    async with browser_of(room) as web:
        for _ in range(3):
            await looked(web, path)
        await opened(web, path)
    assert told == [("share", 1, 0), ("share", 1, 1)]


async def test_an_archive_has_no_pages(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    export_id = await room.request_export(owner)
    assert export_id is not None
    ready = await room.exporter.build(owner, export_id)
    assert ready is not None
    path = ready.link.url.removeprefix("https://vault.example")
    async with web.get(path) as answer:
        assert "/pages" not in await answer.text()
    for where in ("pages", "order"):
        async with web.post(f"{path}/{where}", data={"version": "1", "up": "2"}) as answer:
            assert answer.status == 404
    assert (await opened(web, path))[0] == 200


# ---------------------------------------------------------------------------------------------------------------- order


@BOTH
async def test_an_owner_puts_pages_into_another_order_and_everything_follows_it(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    page = await looked(web, path)
    assert '<input type="hidden" name="version" value="1">' in page
    status, page = await moved(web, path, {"version": "1", "up": "3"})
    assert status == 200
    assert "What was page 3 is page 2 now." in page
    assert await pictures(web, path, page) == [b"small photo one", b"small photo three", b"small photo two"]
    status, page = await moved(web, path, {"version": "2", "down": "1"})
    assert status == 200
    wanted = [b"photo three", b"photo one", b"photo two"]
    assert await order(room) == [files[2], files[0], files[1]]
    assert await downloaded(web, path) == wanted
    assert await downloaded(web, await link(room, owner)) == wanted
    assert await downloaded(web, await link(room, owner, purpose="share")) == wanted
    exported = await room.export(owner)
    assert [content for name, content in sorted(exported.items()) if name.startswith("originals/")] == wanted
    bundle = json.loads(exported["fhir-bundle.json"])
    described = [one["resource"].get("description", "") for one in bundle["entry"]]
    assert [text[-11:] for text in described if "file " in text] == ["file 1 of 3", "file 2 of 3", "file 3 of 3"]
    events = await room.events("vault:report:reorder")
    assert [(event.actor, event.facts) for event in events] == [
        ("link", {"number": 1, "purpose": "get", "looks": 2, "page": 3, "to": 2, "version": 2}),
        ("link", {"number": 1, "purpose": "get", "looks": 3, "page": 1, "to": 2, "version": 3}),
    ]


@BOTH
async def test_of_two_changes_at_once_one_is_made_and_the_other_is_told_so(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path, other = await link(room, owner), await link(room, owner)
    answers = await asyncio.gather(
        *(moved(web, where, {"version": "1", "up": "3"}) for where in (path, other, path, other))
    )
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    assert await order(room) == [files[0], files[2], files[1]]
    (event,) = await room.events("vault:report:reorder")
    for status, page in answers:
        assert ("Nothing was moved" in page) == (status == 409)
        # Whoever was late sees how it is, and may go on from there.
        assert '<input type="hidden" name="version" value="2">' in page
    assert event.facts["version"] == 2
    assert len(await room.events("vault:link:look")) == 3


@BOTH
async def test_a_change_whose_commit_does_not_come_is_not_there_in_part(open_room: OpenRoom) -> None:
    async def die(unit: UnitOfWork, ring: KeyRing, link: OpenedLink) -> None:
        raise ProcessDies

    room = await open_room(on_opened=die)
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    with pytest.raises(ProcessDies):
        await room.looks.move(path.rpartition("/")[2], Move(version=1, position=3, step=-1))
    assert await order(room) == files
    (row,) = await room.rows(links_table)
    assert (row["looks"], row["looked_at_ms"]) == (0, None)
    (report,) = await room.rows(reports_table)
    assert report["version"] == 1
    assert await room.events("vault:report:reorder") == []


async def test_a_change_of_what_was_edited_meanwhile_is_not_made(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.saver.edit(unit, ring, owner, 1, ReportDetails(hospital="Riverbank"), Viewer.owner(owner))
    assert (await moved(web, path, {"version": "1", "up": "2"}))[0] == 409
    assert await order(room) == files
    assert (await moved(web, path, {"version": "2", "up": "2"}))[0] == 200


@pytest.mark.parametrize("purpose", ["share", "break_glass"])
async def test_only_an_owner_s_own_link_changes_the_order(
    room: VaultRoom, web: aiohttp.ClientSession, purpose: LinkPurpose
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner, purpose=purpose)
    page = await looked(web, path)
    assert page.count("<img") == 3
    assert 'action="order"' not in page
    assert await moved(web, path, {"version": "1", "up": "2"}) == (404, refused_page())
    assert await order(room) == files
    assert [why for _, why in await refusals(room)] == ["not_for_this"]


async def test_a_page_of_another_site_changes_nothing_and_shows_nothing(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    for headers in (OTHER_SITE, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
        status, _ = await moved(web, path, {"version": "1", "up": "2"}, headers)
        assert status == 403, headers
        async with web.post(f"{path}/pages", headers=headers) as answer:
            assert answer.status == 403, headers
    assert await order(room) == files
    assert await room.events("vault:link:look") == []
    assert (await moved(web, path, {"version": "1", "up": "2"}, {"Sec-Fetch-Site": "same-origin"}))[0] == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"version": "1"},
        {"version": "1", "up": "1"},
        {"version": "1", "down": "3"},
        {"version": "1", "up": "4"},
        {"version": "1", "up": "2", "down": "2"},
        {"version": "1", "up": "two"},
        {"version": "0", "up": "2"},
        {"version": "9" * 30, "up": "2"},
        {"version": "1", "up": "2", "sideways": "2"},
        {f"field{number}": "x" for number in range(20)},
    ],
)
async def test_a_form_that_is_not_the_page_s_changes_nothing(
    room: VaultRoom, web: aiohttp.ClientSession, fields: dict[str, str]
) -> None:
    owner = await room.owner()
    files = await photographed(room, owner)
    path = await link(room, owner)
    assert (await moved(web, path, fields))[0] == 422
    assert await order(room) == files
    (row,) = await room.rows(links_table)
    assert row["looks"] == 0


async def test_a_report_of_one_file_has_no_order(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await photographed(room, owner, [b"one"])
    path = await link(room, owner)
    assert 'action="order"' not in await looked(web, path)
    assert (await moved(web, path, {"version": "1", "up": "1"}))[0] == 422


async def test_a_report_is_verified_and_found_as_before_in_its_new_order(
    room: VaultRoom, web: aiohttp.ClientSession
) -> None:
    owner = await room.owner()
    # Of so many words, the last are not found: which these are follows from the order.
    long = " ".join(f"word{number:05}" for number in range(WORDS_MAX))
    files = [
        await room.stage(owner, b"one", kind="jpeg", text=long),
        await room.stage(owner, b"two", kind="jpeg", text="glucose"),
    ]
    await room.save(owner, files)
    path = await link(room, owner)
    found: list[int] = []
    for version in ("1", "2"):
        ring = await room.ring()
        async with room.database.unit_of_work() as unit:
            found.append(len(await room.reading.search(unit, ring, Viewer.owner(owner), owner, "glucose")))
        assert (await moved(web, path, {"version": version, "up": "2"}))[0] == 200
    assert found == [0, 1]


async def test_the_picture_of_an_erased_report_opens_no_more(room: VaultRoom, web: aiohttp.ClientSession) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    path = await link(room, owner)
    (first, *_) = re.findall(r'<img src="([^"]+)"', await looked(web, path))
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.erase_owner(unit, ring, owner, Viewer.owner(owner))
    async with web.get(f"{path}/{first}") as answer:
        assert answer.status == 404
    async with room.database.read() as connection:
        assert await object_of(connection, first.rpartition("/")[2]) is None


# ---------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_are_shown_in_the_language_of_the_owner(
    room: VaultRoom, web: aiohttp.ClientSession, language: str
) -> None:
    owner = await room.owner()
    await photographed(room, owner)
    async with room.database.begin() as connection:
        await connection.execute(identities_table.update().values(language=language))
    path = await link(room, owner)
    page = await looked(web, path)
    assert f'<html lang="{language}">' in page
    _, page = await moved(web, path, {"version": "1", "up": "2"})
    assert "{" not in page.partition("</style>")[2]


@pytest.mark.parametrize(("page", "to", "focused"), [(2, 1, "down"), (3, 2, "up"), (2, 3, "up"), (1, 2, "down")])
def test_after_a_move_the_button_that_moves_the_page_on_has_the_focus(page: int, to: int, focused: str) -> None:
    views = [PageView(picture="pages/obj_x")] * 3
    html = look_page(
        "en", views, number=1, download_at="../x", move_at="order", version=2, note=Note(kind="moved", page=page, to=to)
    )
    assert re.findall(r'name="(up|down)" value="(\d)"[^>]* autofocus', html) == [(focused, str(to))]
