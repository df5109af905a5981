"""Answers what somebody asks for: looked up, recorded, and put into words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from wipsie.kernel.errors import NotFound
from wipsie.slices.vault.domain.conversation import Policy, rendering
from wipsie.slices.vault.domain.conversation.effects import (
    Export,
    GetReport,
    ListReports,
    Query,
    SearchReports,
    ShareReport,
    ShowHistory,
    UnshareReport,
)
from wipsie.slices.vault.domain.places import utc_offset_min_of
from wipsie.slices.vault.domain.sending.body import FileMessage
from wipsie.slices.vault.service.conversing.summaries import summary_of
from wipsie.slices.vault.service.conversing.turn import Turn
from wipsie.slices.vault.service.keeping.exporting import Exporter
from wipsie.slices.vault.service.keeping.links.giving import LinkGiver
from wipsie.slices.vault.service.keeping.reading_room import ListFilter, ReadingRoom
from wipsie.slices.vault.store.reports import Report

HISTORY_LINES_MAX: Final = 50
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_EXTENSIONS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class Answering:
    """One per process."""

    def __init__(self, room: ReadingRoom, links: LinkGiver, exporter: Exporter, policy: Policy) -> None:
        self._room = room
        self._links = links
        self._exporter = exporter
        self._policy = policy
        self._answers: dict[type, Callable[[Turn, Any], Awaitable[None]]] = {
            ListReports: self._list,
            GetReport: self._get,
            SearchReports: self._search,
            ShowHistory: self._history,
            ShareReport: self._share,
            UnshareReport: self._unshare,
            Export: self._export,
        }

    async def answer(self, turn: Turn, query: Query) -> None:
        """Say it, in the turn."""
        await self._answers[type(query)](turn, query)

    async def _list(self, turn: Turn, query: ListReports) -> None:
        page = await self._room.list(
            turn.unit,
            turn.ring,
            turn.viewer,
            turn.owner,
            ListFilter(type=query.type, year=query.year),
            page=query.page,
            page_size=rendering.LIST_REPORTS,
        )
        summaries = [summary_of(one) for one in page.reports]
        message = rendering.report_list(
            summaries, query, turn.identity.language, self._policy.card_detail, has_more=page.has_more
        )
        turn.say(message, is_sensitive=True)

    async def _get(self, turn: Turn, query: GetReport) -> None:
        report = await self._found(turn, query.number, "get")
        if report is None:
            return
        language, detail = turn.identity.language, self._policy.card_detail
        if query.as_file and self._policy.get_as_file:
            await self._send_files(turn, report)
            return
        link = await self._links.make(turn.unit, turn.ring, turn.owner, query.number, turn.viewer, "get")
        minutes = max(1, (link.expires_at_ms - turn.now_ms) // _MINUTE_MS)
        message = rendering.report_link(summary_of(report), link.url, language, detail, minutes=minutes)
        turn.say(message, is_sensitive=True)

    async def _send_files(self, turn: Turn, report: Report) -> None:
        caption = rendering.file_caption(summary_of(report), turn.identity.language, self._policy.card_detail)
        objects = await self._room.originals(turn.unit, report)
        for position, stored in enumerate(objects, start=1):
            page = f"-{position}" if len(objects) > 1 else ""
            name = f"report-{report.number}{page}.{_EXTENSIONS.get(stored.media_type, 'bin')}"
            turn.say(
                FileMessage(object=stored.id, file_name=name, caption=caption if position == 1 else None),
                is_sensitive=True,
            )

    async def _search(self, turn: Turn, query: SearchReports) -> None:
        found = await self._room.search(turn.unit, turn.ring, turn.viewer, turn.owner, query.words)
        summaries = [summary_of(one) for one in found]
        turn.say(rendering.search_hits(summaries, turn.identity.language, self._policy.card_detail), is_sensitive=True)

    async def _history(self, turn: Turn, query: ShowHistory) -> None:
        entries = await self._room.history(
            turn.unit, turn.ring, turn.viewer, turn.owner, query.number, count_max=HISTORY_LINES_MAX
        )
        if entries is None:
            turn.say(rendering.report_not_there(query.number or 0, turn.identity.language))
            return
        lines = [
            rendering.HistoryLine(at_ms=one.at_ms, action=one.action, actor=one.actor, number=one.number)
            for one in entries
        ]
        country = (turn.identity.details.user_id or "").partition(".")[0]
        message = rendering.history(
            lines, turn.identity.language, number=query.number, utc_offset_min=utc_offset_min_of(country)
        )
        turn.say(message, is_sensitive=True)

    async def _share(self, turn: Turn, query: ShareReport) -> None:
        report = await self._found(turn, query.number, "share")
        if report is None:
            return
        link = await self._links.make(turn.unit, turn.ring, turn.owner, query.number, turn.viewer, "share")
        hours = max(1, (link.expires_at_ms - turn.now_ms) // _HOUR_MS)
        message = rendering.share_link(
            summary_of(report), link.url, turn.identity.language, self._policy.card_detail, hours=hours
        )
        turn.say(message, is_sensitive=True)

    async def _unshare(self, turn: Turn, query: UnshareReport) -> None:
        language = turn.identity.language
        try:
            await self._links.revoke(turn.unit, turn.ring, turn.owner, turn.viewer, query.number)
        except NotFound:
            turn.say(rendering.report_not_there(query.number, language))
            return
        turn.say(rendering.unshared(query.number, language))

    async def _export(self, turn: Turn, query: Export) -> None:
        del query
        page = await self._room.list(turn.unit, turn.ring, turn.viewer, turn.owner, page_size=1)
        if not page.reports:
            turn.say(rendering.export_empty(turn.identity.language))
            return
        if await self._exporter.request(turn.unit, turn.owner, turn.viewer) is None:
            turn.say(rendering.export_failed(turn.identity.language))
            return
        turn.say(rendering.export_started(turn.identity.language))

    async def _found(self, turn: Turn, number: int, purpose: str) -> Report | None:
        report = await self._room.get(turn.unit, turn.ring, turn.viewer, turn.owner, number, purpose=purpose)
        if report is None:
            turn.say(rendering.report_not_there(number, turn.identity.language))
        return report
