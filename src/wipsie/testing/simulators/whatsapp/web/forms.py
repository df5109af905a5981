"""Forms with files: fields in memory, files straight to disk, all of it bounded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from wipsie.testing.simulators.whatsapp.media_store import FileWriter, MediaStore, StoredFile
from wipsie.testing.simulators.whatsapp.web.graph_calls import bounded

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELD_BYTES_MAX = 64 * 1024
_PARTS_MAX = 200


class FilePart(msgspec.Struct, kw_only=True):
    """One file of a form."""

    field: str
    filename: str | None
    mime_type: str
    stored: StoredFile


class Form(msgspec.Struct, kw_only=True):
    """`fields` by name, the last of each counts; `files` in their order."""

    fields: dict[str, str]
    files: list[FilePart]

    @property
    def file(self) -> StoredFile | None:
        """The one called `file`."""
        part = self._part
        return part.stored if part is not None else None

    @property
    def file_type(self) -> str:
        part = self._part
        return part.mime_type if part is not None else ""

    @property
    def filename(self) -> str | None:
        part = self._part
        return part.filename if part is not None else None

    @property
    def file_words(self) -> str:
        """For the log."""
        part = self._part
        return f"{part.stored.size_bytes} bytes of {part.mime_type}" if part is not None else "none"

    @property
    def _part(self) -> FilePart | None:
        return next((part for part in self.files if part.field == "file"), None)

    def discard(self) -> None:
        """The files are not wanted."""
        for part in self.files:
            part.stored.path.unlink(missing_ok=True)


async def read_form(request: Request, media: MediaStore, *, bytes_max: int) -> Form:
    """A body of type multipart/form-data. MultiPartException, BodyTooLarge, FileTooLarge, NoRoom."""
    content_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise MultiPartException("not a form")
    reader = _Reader(media)
    parser = MultipartParser(boundary, reader.callbacks())
    try:
        async for chunk in bounded(request, bytes_max):
            # Parsing writes to disk.
            await asyncio.to_thread(parser.write, chunk)
        parser.finalize()
    except BaseException:
        reader.give_up()
        raise
    return reader.form


class _Reader:
    """Gets the pieces from the parser."""

    def __init__(self, media: MediaStore) -> None:
        self.form = Form(fields={}, files=[])
        self._media = media
        self._parts = 0
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._filename: str | None = None
        self._field = bytearray()
        self._writer: FileWriter | None = None

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value_part,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
        }

    def give_up(self) -> None:
        if self._writer is not None:
            self._writer.discard()
        self.form.discard()

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > _PARTS_MAX:
            raise MultiPartException("too many parts")
        self._headers = {}
        self._header_name = self._header_value = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_part(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name")
        if name is None:
            raise MultiPartException("a part without a name")
        self._name = name.decode(errors="replace")
        self._field = bytearray()
        if b"filename" in options:
            self._filename = options[b"filename"].decode(errors="replace") or None
            self._writer = self._media.writer()
        else:
            self._filename, self._writer = None, None

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._writer is not None:
            self._writer.write(data[start:end])
            return
        self._field += data[start:end]
        if len(self._field) > _FIELD_BYTES_MAX:
            raise MultiPartException("a field is too long")

    def _part_ends(self) -> None:
        if self._writer is None:
            self.form.fields[self._name] = self._field.decode(errors="replace")
            return
        mime_type = self._headers.get(b"content-type", b"").decode(errors="replace")
        stored = self._writer.finish()
        self._writer = None
        self.form.files.append(FilePart(field=self._name, filename=self._filename, mime_type=mime_type, stored=stored))
