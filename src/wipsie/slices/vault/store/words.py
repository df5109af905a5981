"""The index of words: keyed, so that it finds and shows nothing. Whole words only, of one owner only.

Every report has a mark besides its words, by which rotation sees with which key they were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, keyed_token, keyed_tokens
from wipsie.database.bulk import bulk_insert
from wipsie.kernel.text_words import folded
from wipsie.slices.vault.store.tables import reports_table, words_table

WORDS_MAX: Final = 5_000
"""Of one report; what is behind is not found."""
_PURPOSE: Final = "vault search"
# No word has a sign in it.
_MARK: Final = "\0mark"

_WORDS = words_table.c
_REPORTS = reports_table.c


def word_tokens_of_all(ring: KeyRing, owner: str, texts: Iterable[str]) -> list[set[str]]:
    """What a report with these texts is found by, and its mark: under each key of the ring, the one in use first."""
    tokens = [keyed_tokens(ring, word, owner=owner, purpose=_PURPOSE) for word in _words(texts)]
    return [set(of_key) for of_key in zip(*tokens, strict=True)]


async def index_words(
    connection: AsyncConnection, ring: KeyRing, *, owner: str, report: str, texts: Iterable[str]
) -> None:
    """A report is found by the words of these texts from now on, and by no others."""
    wanted = {keyed_token(ring, word, owner=owner, purpose=_PURPOSE) for word in _words(texts)}
    found = set((await connection.execute(select(_WORDS.token).where(_WORDS.report == report))).scalars())
    gone = sorted(found - wanted)
    for start in range(0, len(gone), WORDS_MAX):
        part = gone[start : start + WORDS_MAX]
        await connection.execute(delete(words_table).where(_WORDS.report == report, _WORDS.token.in_(part)))
    await bulk_insert(connection, words_table, [{"token": one, "report": report} for one in sorted(wanted - found)])


async def forget_words(connection: AsyncConnection, reports: Sequence[str]) -> None:
    """These are found by no word any more."""
    await connection.execute(delete(words_table).where(_WORDS.report.in_(reports)))


async def reports_with_words(
    connection: AsyncConnection, ring: KeyRing, *, owner: str, words: Sequence[str], count_max: int
) -> list[str]:
    """Ids of the owner's reports that have all these words, as `text_words.query_words` gives them; the last saved first. None for no
    words. Words of every key are found: rotation takes its time."""
    if not words:
        return []
    wanted = select(_REPORTS.id).where(_REPORTS.owner == owner, _REPORTS.deleted_at_ms.is_(None))
    for word in words:
        tokens = keyed_tokens(ring, word, owner=owner, purpose=_PURPOSE)
        wanted = wanted.where(_REPORTS.id.in_(select(_WORDS.report).where(_WORDS.token.in_(tokens))))
    found = await connection.execute(wanted.order_by(_REPORTS.number.desc()).limit(count_max))
    return list(found.scalars())


async def tokens_of(connection: AsyncConnection, report: str) -> set[str]:
    """By which tokens a report is found."""
    return set((await connection.execute(select(_WORDS.token).where(_WORDS.report == report))).scalars())


async def marked(connection: AsyncConnection, ring: KeyRing, reports: Sequence[tuple[str, str]]) -> set[str]:
    """Those of these reports, given with their owners, whose words were made with the key in use."""
    if not reports:
        return set()
    marks = {keyed_token(ring, _MARK, owner=owner, purpose=_PURPOSE) for _, owner in reports}
    found = await connection.execute(
        select(_WORDS.report).where(_WORDS.token.in_(sorted(marks)), _WORDS.report.in_([id_ for id_, _ in reports]))
    )
    return set(found.scalars())


def _words(texts: Iterable[str]) -> list[str]:
    words: dict[str, None] = {}
    for text in texts:
        words.update(dict.fromkeys(folded(text).split()))
    return [_MARK, *list(words)[:WORDS_MAX]]
