"""What people do with links, in a browser without scripts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import aiohttp
from vault_room import VaultRoom

from wipsie.api.application import build_api
from wipsie.slices.vault.routes.links import build_links_router
from wipsie.slices.vault.routes.looking import build_looking_router
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.links.giving import GivenLink
from wipsie.slices.vault.service.keeping.links.rules import LinkPurpose
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.served import served


@contextlib.asynccontextmanager
async def served_links(room: VaultRoom) -> AsyncGenerator[str]:
    """The routes of links; where they are."""
    routers = [build_links_router(room.links, room.clock), build_looking_router(room.looks)]
    api = build_api(title="t", version="1", routers=routers, clock=room.clock, metrics=Metrics())
    async with served(api) as url:
        yield url


@contextlib.asynccontextmanager
async def browser_of(room: VaultRoom) -> AsyncGenerator[aiohttp.ClientSession]:
    """A browser without scripts, and the routes of links."""
    async with (
        served_links(room) as url,
        aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        yield session


async def link(
    room: VaultRoom, owner: str, number: int = 1, purpose: LinkPurpose = "get", lifetime_s: float | None = None
) -> str:
    """The path of a link."""
    assert purpose != "export"
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        given = await room.link_giver.make(
            unit, ring, owner, number, Viewer.owner(owner), purpose, lifetime_s=lifetime_s
        )
    return path_of(given)


def path_of(given: GivenLink) -> str:
    """Of its URL."""
    assert given.url.startswith("https://vault.example/vault/links/")
    return given.url.removeprefix("https://vault.example")


async def opened(web: aiohttp.ClientSession, path: str) -> tuple[int, bytes]:
    """What the download gives."""
    async with web.post(path) as answer:
        return answer.status, await answer.read()


async def refusals(room: VaultRoom) -> list[tuple[str, object]]:
    """What was refused, and why, as recorded."""
    return [(event.object, event.facts["why"]) for event in await room.events("vault:link:refuse")]
