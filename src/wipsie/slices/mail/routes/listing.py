"""The list of mails: what it can be filtered by, with words and without.

Both orders are the numbers of mails, which are their times. With words the list is read from the index of words, from its end, and
ends with the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import ColumnElement, column, func, select, table

from wipsie.api.lists import Context, Flag, ListSpec, Sort
from wipsie.api.lists.filters import Filter, Moment
from wipsie.api.openapi import Parameter
from wipsie.database.full_text import fts5_expression, fts5_match, tsquery, vector_match
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.text_words import QUERY_CHARACTERS_MAX, query_words
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX, number_from
from wipsie.slices.mail.store.addresses import is_address
from wipsie.slices.mail.store.entries import FILE_MARK, RECIPIENT_MARK, SENDER_MARK, SUBJECT_MARK
from wipsie.slices.mail.store.tables import (
    attachments_table,
    mails_table,
    recipients_table,
    tags_table,
    words_table,
)

_MAILS = mails_table.c
_INDEX = table("mail_words_index", column("rowid"))
_PLACES = {"subject": SUBJECT_MARK, "from": SENDER_MARK, "to": RECIPIENT_MARK, "file": FILE_MARK}
FIELD_CHARACTERS_MAX = 320


def search_words(text: str) -> list[str]:
    """The words of ``report from:ann subject:"march"`` as the index has them: with the mark of their place, where one is named."""
    words: list[str] = []
    for part in text.split():
        place, colon, rest = part.partition(":")
        mark = _PLACES.get(place.lower(), "") if colon else ""
        words += [mark + word for word in query_words(rest if mark else part)]
    return list(dict.fromkeys(words))


class Words:
    """``q``: words that must all be in a mail."""

    name = "q"

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self.parameters = (
            Parameter(
                name="q",
                type=Annotated[str, Meta(min_length=1, max_length=QUERY_CHARACTERS_MAX)],
                description="Words, all of which must be there; of the last one, the beginning is enough. Case, accents and "
                "signs make no difference. subject:, from:, to: and file: before a word look in that place alone.",
                example="invoice from:ann",
            ),
        )

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        """Joins the index of words to the mails."""
        del context
        if self.name not in given:
            return None
        text = given[self.name]
        words = search_words(text) if 0 < len(text) <= QUERY_CHARACTERS_MAX else []
        if not words:
            raise InvalidInput(
                f"q takes 1 to {QUERY_CHARACTERS_MAX} characters with at least one word.", details={"field": "q"}
            )
        if self._dialect == "postgresql":
            # As the migration writes the index, or it is not used.
            found = vector_match(func.mail_words_vector(words_table.c.words), tsquery(words))
            return found & (words_table.c.number == _MAILS.number)
        return fts5_match(_INDEX.name, fts5_expression(words)) & (_INDEX.c.rowid == _MAILS.number)


class Address:
    """An address, or with @ in front a domain and what is below it."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.parameters = (Parameter(name=name, description=about, example="ann@example.org"),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        if self.name not in given:
            return None
        text = printable(self.name, given).strip().casefold()
        if "@" not in text or text == "@":
            raise InvalidInput(
                f"{self.name} takes an address, or a domain with @ in front; for words of a name, use q=from: or q=to:.",
                details={"field": self.name},
            )
        if self.name == "sender":
            return is_address(_MAILS.sender_address, text)
        to = recipients_table.c
        # As a list of numbers: the index of addresses finds them, whatever the size of the archive.
        return _MAILS.number.in_(select(to.mail).where(is_address(to.address, text)))


class Sent(Moment):
    """By the time of the mails themselves, from the order of their numbers."""

    def __init__(self) -> None:
        super().__init__("sent", _MAILS.timestamp_s * 1000, about="Sent")

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        exact = super().condition(given, context)
        if exact is None:
            return None
        after, before = (_seconds(given, parameter.name) for parameter in self.parameters)
        if after is not None:
            exact &= _MAILS.number >= number_from(after)
        if before is not None:
            # A second more: the number of a mail whose own is taken may be a little larger than its time says, and never smaller.
            # And the border itself stays out: beyond the last second, it is one more than a database has.
            exact &= _MAILS.number <= number_from(min(before + 2, TIMESTAMP_S_MAX + 1)) - 1
        return exact


class Tag:
    """A tag."""

    name = "tag"
    parameters = (Parameter(name="tag", description="Only those with this tag.", example="invoices"),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        if self.name not in given:
            return None
        tags = tags_table.c
        return _MAILS.number.in_(select(tags.mail).where(tags.tag == printable(self.name, given)))


class Id:
    """An exact value of a column."""

    def __init__(self, name: str, of: ColumnElement[Any], about: str) -> None:
        self.name = name
        self._of = of
        self.parameters = (Parameter(name=name, description=about),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        return self._of == printable(self.name, given).strip().strip("<>") if self.name in given else None


def printable(name: str, given: Mapping[str, str]) -> str:
    text = given[name]
    if not 0 < len(text) <= FIELD_CHARACTERS_MAX or not text.isprintable():
        raise InvalidInput(f"{name} takes 1 to {FIELD_CHARACTERS_MAX} printable characters.", details={"field": name})
    return text


def _seconds(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    # The filter has checked it.
    seconds = int(datetime.fromisoformat(given[name].replace(" ", "+")).timestamp())
    return min(max(seconds, 0), TIMESTAMP_S_MAX)


def _filters(dialect: str) -> tuple[Filter, ...]:
    files = attachments_table.c
    return (
        Words(dialect),
        Address("sender", "Only those from this address; @example.org takes a domain and what is below it."),
        Address("recipient", "Only those to this address, or to a domain with @ in front."),
        Sent(),
        Tag(),
        Flag("has_attachment", lambda _: _MAILS.attachments > 0, about="With attachments, or without."),
        Flag(
            "is_letter",
            lambda _: _MAILS.raw_sha256.is_(None),
            about="Those of four fields, or those that came as MIME.",
        ),
        Flag("has_copies", lambda _: _MAILS.copies > 0, about="Those that came more than once, or those that did not."),
        Flag("held", lambda _: _MAILS.held_by.is_not(None), about="Those that may not be erased, or the others."),
        Id("message_id", _MAILS.message_id, "Only those with this Message-ID."),
        _FileType(files.media_type),
    )


class _FileType:
    """A media type of an attachment."""

    name = "attachment_type"
    parameters = (
        Parameter(
            name="attachment_type",
            description="Only those with an attachment of this media type; image/* takes all images.",
            example="application/pdf",
        ),
    )

    def __init__(self, of: ColumnElement[Any]) -> None:
        self._of = of

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        if self.name not in given:
            return None
        text = printable(self.name, given).lower()
        if "/" not in text:
            raise InvalidInput(
                "attachment_type takes a media type such as application/pdf.", details={"field": self.name}
            )
        kind, _, rest = text.partition("/")
        is_it = func.substr(self._of, 1, len(kind) + 1) == f"{kind}/" if rest == "*" else self._of == text
        return _MAILS.number.in_(select(attachments_table.c.mail).where(is_it))


def mail_lists(dialect: str) -> tuple[ListSpec, ListSpec]:
    """The list without words, and the one with them; `dialect` as `Database.dialect`. Their parameters are the same."""
    found: list[ListSpec] = []
    for with_words in (False, True):
        number: ColumnElement[int] = _INDEX.c.rowid if with_words and dialect == "sqlite" else _MAILS.number
        found.append(
            ListSpec(
                name="mail_words" if with_words else "mail",
                columns=list(mails_table.columns),
                id=number,
                filters=_filters(dialect),
                sorts=(Sort(name="sent_at", column=number),),
                default_sort="-sent_at",
            )
        )
    return found[0], found[1]
