"""Files of a person: documents, photos one by one or many at once, sounds, videos, stickers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from wipsie.testing.simulators.whatsapp.graph.error_codes import described
from wipsie.testing.simulators.whatsapp.graph.errors import webhook_error
from wipsie.testing.simulators.whatsapp.media_store import FileTooLarge, StoredFile
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.handset import Handset
from wipsie.testing.simulators.whatsapp.phones.sent_file import SentFile, file_bubble, file_node

CAPTION_MAX = 1024
IMAGES_MAX = 100

Content = bytes | Path


class SendingFiles(Handset):
    """The network keeps the bytes; the business is told where they are."""

    async def send_document(
        self,
        content: Content,
        *,
        filename: str | None = None,
        mime_type: str = "application/pdf",
        caption: str | None = None,
    ) -> Bubble:
        """A file as it is. Without `filename` a path gives its own; bytes have none then."""
        name = filename if filename is not None or isinstance(content, bytes) else content.name
        return await self._send_file(
            content, SentFile(kind="document", mime_type=mime_type, filename=name, caption=caption)
        )

    async def send_image(
        self, content: Content, *, mime_type: str = "image/jpeg", caption: str | None = None
    ) -> Bubble:
        """A photo; photos have no file name."""
        return await self._send_file(content, SentFile(kind="image", mime_type=mime_type, caption=caption))

    async def send_images(
        self,
        contents: Sequence[Content],
        *,
        mime_type: str = "image/jpeg",
        caption: str | None = None,
        gap_s: float = 0.3,
    ) -> list[str]:
        """Several photos chosen at once: as many messages, `gap_s` apart, nothing that ties them together, and the caption
        with the first alone. Returns their ids."""
        _check_burst(len(contents))
        files = [(await self._stored(content), mime_type) for content in contents]
        return self.send_stored_images(files, caption=caption, gap_s=gap_s)

    def send_stored_images(
        self, files: Sequence[tuple[StoredFile, str]], *, caption: str | None = None, gap_s: float = 0.3
    ) -> list[str]:
        """`send_images` of files the simulator holds already, each with its MIME type."""
        self._refuse_when_off()
        _check_burst(len(files))
        ids = [self._line.new_message_id(self.identity) for _ in files]
        for index, ((file, mime_type), message_id) in enumerate(zip(files, ids, strict=True)):
            sent = SentFile(kind="image", mime_type=mime_type, caption=caption if index == 0 else None)

            def send(file: StoredFile = file, sent: SentFile = sent, message_id: str = message_id) -> None:
                if self.is_on:
                    self.send_stored(file, sent, message_id=message_id)

            self._line.timetable.after(gap_s * index, send)
        return ids

    async def send_voice(self, content: Content, *, mime_type: str = "audio/ogg; codecs=opus") -> Bubble:
        """A voice note, recorded in the chat."""
        return await self._send_file(content, SentFile(kind="audio", mime_type=mime_type, is_voice=True))

    async def send_audio(self, content: Content, *, mime_type: str = "audio/mpeg") -> Bubble:
        """A sound file."""
        return await self._send_file(content, SentFile(kind="audio", mime_type=mime_type))

    async def send_video(self, content: Content, *, mime_type: str = "video/mp4", caption: str | None = None) -> Bubble:
        return await self._send_file(content, SentFile(kind="video", mime_type=mime_type, caption=caption))

    async def send_sticker(self, content: Content, *, animated: bool = False) -> Bubble:
        return await self._send_file(content, SentFile(kind="sticker", mime_type="image/webp", animated=animated))

    async def send_oversize(self, filename: str = "scan.pdf") -> Bubble:
        """A file above 100 MB: the business gets an error in place of the file."""
        details = f"{described(131052).details} It has more than 100 MB."
        node = {"type": "unsupported", "errors": [webhook_error(131052, details)]}
        return self._send(node, Bubble(mine=True, kind="oversize", text=filename))

    def send_stored(self, file: StoredFile, sent: SentFile, *, message_id: str = "") -> Bubble:
        """A file the simulator holds already. `message_id`: when it was given one before."""
        self._refuse_when_off()
        _check_caption(sent.caption)
        medium, address = self._line.announce(file, mime_type=sent.mime_type, filename=sent.filename)
        bubble = file_bubble(sent, medium, file)
        bubble.id = message_id
        return self._send(file_node(sent, medium, address), bubble)

    async def _send_file(self, content: Content, sent: SentFile) -> Bubble:
        _check_caption(sent.caption)
        self._refuse_when_off()
        try:
            file = await self._stored(content)
        except FileTooLarge:
            return await self.send_oversize(sent.filename or sent.kind)
        return self.send_stored(file, sent)

    async def _stored(self, content: Content) -> StoredFile:
        return await asyncio.to_thread(self._line.store, content)


def _check_caption(caption: str | None) -> None:
    if caption is not None and len(caption) > CAPTION_MAX:
        raise ValueError(f"A caption has at most {CAPTION_MAX} characters.")


def _check_burst(count: int) -> None:
    if not 1 <= count <= IMAGES_MAX:
        raise ValueError(f"1 to {IMAGES_MAX} images go at once.")
