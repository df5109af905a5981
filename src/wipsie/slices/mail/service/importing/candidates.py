"""Finds mails in files and folders, by what is in them and not by their names.

folder with cur/ and new/  ──► Maildir: each file in the two is a mail; folders beside them are looked into
other folder               ──► each file below it
file                       ──► begins with a From_ line: mbox │ with a header of mail: a mail │ else: passed over
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import msgspec

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX
from wipsie.slices.mail.domain.mime.parsed import SOURCE_BYTES_MAX
from wipsie.slices.mail.service.importing.from_lines import is_from_line
from wipsie.slices.mail.service.importing.mbox import MEMORY_BYTES_MAX, MboxReader

MAIL_BYTES_MAX = SOURCE_BYTES_MAX
"""Of a mail that is taken: as much as the archive reads."""
NAME_CHARACTERS_MAX = 200
_SAMPLE_BYTES = 64 * KIB
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_MAIL_FIELD = re.compile(
    rb"^(?:From|To|Cc|Subject|Date|Received|Message-ID|Return-Path|Delivered-To|MIME-Version|Content-Type)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_MAILDIR_TIME = re.compile(r"([0-9]{9,11})\.")


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """What was not taken."""

    where: str
    reason: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that was found."""

    where: str
    """For people: the file, and where in it."""
    reference: str
    """The same without the folder: what the archive keeps of it."""
    content: bytes | Path
    size: int
    received_at_s: int
    """When it was received, as far as the mailbox tells: by it a mail without any date is filed, each time the same way."""
    is_ours: bool = False
    """The file in `content` was made for it, and goes when it is taken."""


class Candidates:
    """One pass over some paths. Not for two threads at once; `stop` may come from another."""

    def __init__(self, paths: Sequence[Path], *, folder: Path, bytes_max: int, now_s: int) -> None:
        """`folder`: for large messages of mbox files. `now_s`: no mail was received after it."""
        self._paths = paths
        self._folder = folder
        self._bytes_max = bytes_max
        self._now_s = now_s
        self._reader: MboxReader | None = None
        self._stopped = False

    def stop(self) -> None:
        """Give no more."""
        self._stopped = True
        if self._reader is not None:
            self._reader.stop()

    def find(self) -> Generator[Candidate | Skipped]:
        """Everything there is; close it when it is left early. What cannot be read is passed over with its reason, as links
        within folders are: they may lead in circles."""
        for path in self._paths:
            try:
                mode = path.stat().st_mode
            except OSError as error:
                yield _unreadable(path, error)
                continue
            if stat.S_ISDIR(mode):
                yield from self._below(path)
            else:
                yield from self._file(path, mode)
            if self._stopped:
                return

    def _below(self, top: Path) -> Iterator[Candidate | Skipped]:
        folders = [top]
        while folders and not self._stopped:
            folder = folders.pop()
            try:
                is_maildir = (folder / "cur").is_dir() and (folder / "new").is_dir()
                if is_maildir:
                    yield from self._maildir(folder)
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if self._stopped:
                            return
                        if entry.is_dir(follow_symlinks=False):
                            if not (is_maildir and entry.name in ("cur", "new", "tmp")):
                                folders.append(folder / entry.name)
                        elif not is_maildir:
                            # In a Maildir, these are the mail server's.
                            yield from self._entry(folder / entry.name, entry)
            except OSError as error:
                yield _unreadable(folder, error)

    def _maildir(self, folder: Path) -> Iterator[Candidate | Skipped]:
        """What lies in tmp/ is still being delivered. A mail that is read meanwhile moves from new/ to cur/: seen there."""
        for name in ("new", "cur"):
            with os.scandir(folder / name) as entries:
                for entry in entries:
                    if self._stopped:
                        return
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        # What stands behind the colon changes when the mail is read or answered.
                        yield self._mail(folder / name / entry.name, entry.name.partition(":2,")[0])

    def _entry(self, path: Path, entry: os.DirEntry[str]) -> Iterator[Candidate | Skipped]:
        if entry.is_symlink():
            yield Skipped(where=_shown(path), reason="it is a link; name it itself")
            return
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError as error:
            yield _unreadable(path, error)
            return
        yield from self._file(path, mode)

    def _file(self, path: Path, mode: int) -> Iterator[Candidate | Skipped]:
        if not stat.S_ISREG(mode):
            yield Skipped(where=_shown(path), reason="it is neither a file nor a folder")
            return
        try:
            with path.open("rb") as file:
                sample = file.read(_SAMPLE_BYTES)
        except OSError as error:
            yield _unreadable(path, error)
            return
        if not sample:
            yield Skipped(where=_shown(path), reason="it is empty")
        elif _begins_mbox(sample):
            yield from self._mbox(path)
        elif _begins_mail(sample):
            yield self._mail(path, path.name)
        else:
            yield Skipped(where=_shown(path), reason="it is neither a mail nor an mbox file")

    def _mbox(self, path: Path) -> Iterator[Candidate | Skipped]:
        reader = self._reader = MboxReader(path, folder=self._folder, bytes_max=self._bytes_max)
        if self._stopped:
            return
        try:
            modified_s = path.stat().st_mtime
            for mail in reader.mails():
                where = f"{_shown(path)}, byte {mail.offset}"
                if mail.content is None:
                    yield self._too_large(where, mail.size)
                elif not mail.size:
                    yield Skipped(where=where, reason="it is empty")
                else:
                    yield Candidate(
                        where=where,
                        reference=f"{_name(path.name)}@{mail.offset}",
                        content=mail.content,
                        size=mail.size,
                        received_at_s=self._bounded(modified_s if mail.from_line_s is None else mail.from_line_s),
                        is_ours=isinstance(mail.content, Path),
                    )
        except OSError as error:
            yield _unreadable(path, error)

    def _mail(self, path: Path, name: str) -> Candidate | Skipped:
        content: bytes | Path = path
        try:
            found = path.stat()
            size = found.st_size
            if size <= MEMORY_BYTES_MAX:
                # In one read: a file that is written to meanwhile is not two halves of two mails.
                with path.open("rb") as file:
                    read = file.read(MEMORY_BYTES_MAX + 1)
                if len(read) <= MEMORY_BYTES_MAX:
                    content, size = read, len(read)
        except OSError as error:
            return _unreadable(path, error)
        if size > self._bytes_max:
            return self._too_large(_shown(path), size)
        if not size:
            return Skipped(where=_shown(path), reason="it is empty")
        told = _MAILDIR_TIME.match(name)
        return Candidate(
            where=_shown(path),
            reference=_name(name),
            content=content,
            size=size,
            received_at_s=self._bounded(int(told[1]) if told else found.st_mtime),
        )

    def _too_large(self, where: str, size: int) -> Skipped:
        return Skipped(where=where, reason=f"it has {size} bytes or more; at most {self._bytes_max} are taken")

    def _bounded(self, seconds: float) -> int:
        return int(min(max(0, seconds), self._now_s, TIMESTAMP_S_MAX))


def _begins_mbox(sample: bytes) -> bool:
    """A From_ line, and behind it a header, the next such line or nothing: prose may begin with this word too."""
    found = False
    for line in sample.split(b"\n"):
        if not line.strip():
            continue
        if not is_from_line(line):
            return found and _FIELD.match(line) is not None
        found = True
    return found


def _begins_mail(sample: bytes) -> bool:
    """Fields from the first line on, one of them such as only mails have."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        sample = sample.decode("utf-16", "replace").encode("ascii", "replace")
    sample = sample.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    header = sample.partition(b"\n\n")[0]
    return _FIELD.match(header) is not None and _MAIL_FIELD.search(header) is not None


def _unreadable(path: Path, error: OSError) -> Skipped:
    return Skipped(where=_shown(path), reason=f"it cannot be read: {error.strerror or type(error).__name__}")


def _shown(path: Path) -> str:
    return _text(str(path))


def _name(name: str) -> str:
    return _text(name)[-NAME_CHARACTERS_MAX:]


def _text(name: str) -> str:
    """A file's name as text, whatever bytes it has: some would break JSON, others the terminal."""
    text = os.fsencode(name).decode(errors="replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
