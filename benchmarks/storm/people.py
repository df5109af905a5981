"""People with phones: each sends reports one after the other, and taps Save on the card of each."""

from __future__ import annotations

import asyncio
import time
from datetime import date
from pathlib import Path

from wipsie.slices.vault.domain.reading import suggest
from wipsie.slices.vault.gateways.report_reader import read_report
from wipsie.testing.sample_reports import SampleReport, sample_report
from wipsie.testing.simulators.whatsapp import Phone

_LOOK_EVERY_S = 0.1
_TRIED_MAX = 20
"""So many sample reports there are for each that has nothing to ask; more, and the reader is broken."""


class Person:
    """Taps what is to be tapped, and asks when nothing comes. `sent` and `kept` count reports: what left the phone, and what it was told
    of as saved."""

    def __init__(self, phone: Phone, reports: list[SampleReport], *, patience_s: float) -> None:
        """`patience_s`: after that much silence they ask."""
        self.phone = phone
        self.sent = 0
        self.kept = 0
        self.questions = 0
        self._reports = reports
        self._patience_s = patience_s
        self._tapped: set[str] = set()

    async def live(self) -> None:
        """Until all their reports are saved."""
        await self.phone.send_text("Hello")
        await self._until("Thank you", tap="I agree", ask="Hello")
        for number, report in enumerate(self._reports, start=1):
            await self.phone.send_document(report.content, filename=report.file_name)
            self.sent = number
            await self._until(f"Saved as report {number}.", tap="Save", ask="HELP")
            self.kept = number

    async def _until(self, words: str, *, tap: str, ask: str) -> None:
        heard_at = time.monotonic()
        while not any(words in bubble.text for bubble in self.phone.received):
            if await self._taps(tap):
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > self._patience_s:
                await self.phone.send_text(ask)
                self.questions += 1
                heard_at = time.monotonic()
            # The phone is not asked more often than a person looks at it.
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _taps(self, title: str) -> bool:
        """Tap on the newest message that offers it, unless that was tapped."""
        for bubble in reversed(self.phone.received):
            if any(choice.title == title for choice in bubble.choices):
                if bubble.id in self._tapped:
                    return False
                self._tapped.add(bubble.id)
                await self.phone.tap(title, on=bubble)
                return True
        return False


def plain_reports(count: int, directory: Path, *, country: str) -> list[SampleReport]:
    """So many different reports whose cards have nothing to ask, as small PDFs: people of `country` save them with one tap."""
    today = date.today()  # noqa: DTZ011 - as people see it
    path = directory / "report"
    found: list[SampleReport] = []
    for number in range(count * _TRIED_MAX):
        report = sample_report(number, form="text_pdf")
        path.write_bytes(report.content)
        guessed = suggest(read_report(path, "pdf", None, 60.0, ("en",)), (), country, today=today)
        path.unlink()
        if None not in (guessed.sure_date, guessed.sure_hospital, guessed.sure_type):
            found.append(report)
        if len(found) == count:
            return found
    raise RuntimeError(f"Only {len(found)} of {count * _TRIED_MAX} sample reports have nothing to ask.")
