"""Forms as providers post them: multipart or urlencoded, read piece by piece, large fields into files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from wipsie.slices.mail.doors.webhooks.inbound import Post
from wipsie.slices.mail.doors.webhooks.refusals import Unreadable
from wipsie.slices.mail.doors.webhooks.spool import Spill, Spool, chunks_of
from wipsie.slices.mail.doors.webhooks.urlencoded import UrlencodedParser

FIELDS_MAX = 1_000
_PADDED_CHUNKS_MAX = 2
"""Chunks that may end in the blanks behind a boundary: there are none, and the parser goes through them one by one."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form, or one file."""

    name: str
    content: bytes | Path
    size: int
    file_name: str | None = None
    content_type: str = ""

    @property
    def text(self) -> str | None:
        """Its text; None when it is so long that it lies in a file."""
        return None if isinstance(self.content, Path) else self.content.decode("utf-8", "replace")


class Form:
    """The fields in their order. A sender may have put fields of any name among them: Mailgun posts headers of the mail as fields
    of their own, between those it writes first and those it writes last."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = tuple(fields)

    def all(self, name: str) -> list[Field]:
        return [field for field in self.fields if field.name == name]

    def first(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def text(self, name: str) -> str | None:
        """The text of the first; None for none, and for one that lies in a file."""
        field = self.first(name)
        return None if field is None else field.text

    def last_text(self, name: str) -> str | None:
        """The same of the last."""
        found = self.all(name)
        return found[-1].text if found else None


def read_form(post: Post, spool: Spool) -> Form:
    """The form in a request. Unreadable. Blocks."""
    kind, options = parse_options_header(post.content_type)
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise Unreadable("The Content-Type names no boundary.")
        return _read_multipart(post.body, boundary, spool)
    if kind == b"application/x-www-form-urlencoded":
        return _read_urlencoded(post.body, spool)
    raise Unreadable("The body must be a form: multipart/form-data or application/x-www-form-urlencoded.")


class _Fields:
    """Collects what the parser finds."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.done: list[Field] = []
        self.begun = 0
        self.ended = False
        self._spill = Spill(spool)
        self._headers: dict[bytes, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()

    def on_part_begin(self) -> None:
        self.begun += 1
        if self.begun > FIELDS_MAX:
            raise Unreadable(f"The form has more than {FIELDS_MAX} fields.")
        self._spill = Spill(self._spool)
        self._headers = {}

    def on_header_begin(self) -> None:
        self._name.clear()
        self._value.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._spill.write(data[start:end])

    def on_part_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name, file_name = options.get(b"name"), options.get(b"filename")
        if name is None:
            raise Unreadable("A part of the form has no name.")
        self.done.append(
            Field(
                name=name.decode("utf-8", "replace"),
                content=self._spill.finish(),
                size=self._spill.size,
                file_name=None if file_name is None else file_name.decode("utf-8", "replace"),
                content_type=self._headers.get(b"content-type", b"").decode("latin-1"),
            )
        )

    def on_end(self) -> None:
        self.ended = True


def _read_multipart(body: bytes | Path, boundary: bytes, spool: Spool) -> Form:
    found = _Fields(spool)
    padded_chunks = delimiters = 0
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": found.on_part_begin,
                "on_part_data": found.on_part_data,
                "on_part_end": found.on_part_end,
                "on_header_begin": found.on_header_begin,
                "on_header_field": found.on_header_field,
                "on_header_value": found.on_header_value,
                "on_header_end": found.on_header_end,
                "on_end": found.on_end,
            },
        )
        for chunk in chunks_of(body):
            # No content may hold one (RFC 2046, 5.1.1), and the parser thinks long about those that are none in the end.
            delimiters += chunk.count(b"\r\n--" + boundary)
            if delimiters > 2 * FIELDS_MAX:
                raise Unreadable(f"The form has more than {FIELDS_MAX} fields.")
            parser.write(chunk)
            padded_chunks += parser.state is MultipartState.BOUNDARY_PADDING
            if padded_chunks > _PADDED_CHUNKS_MAX or not found.begun:
                raise Unreadable("The body is not the form its Content-Type names.")
    except FormParserError as error:
        raise Unreadable(f"The form cannot be read: {error}.") from None
    if not found.ended:
        raise Unreadable("The form is cut: its last boundary is missing.")
    return Form(found.done)


def _read_urlencoded(body: bytes | Path, spool: Spool) -> Form:
    parser = UrlencodedParser(spool, fields_max=FIELDS_MAX)
    for chunk in chunks_of(body):
        parser.write(chunk)
    return Form(Field(name=name, content=content, size=size) for name, content, size in parser.finish())
