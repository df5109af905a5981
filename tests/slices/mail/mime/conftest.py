"""A place to read mails from, and their corpus."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wipsie.slices.mail.domain.mime import ParsedMail, parse_mail

sys.path.insert(0, str(Path(__file__).parent))

from corpus import Read


@pytest.fixture
def attachments(tmp_path: Path) -> Path:
    """Where `read` writes attachments to."""
    folder = tmp_path / "attachments"
    folder.mkdir()
    return folder


@pytest.fixture
def read(tmp_path: Path, attachments: Path) -> Read:
    """Reads the bytes of a mail, by way of a file."""

    def reading(content: bytes) -> ParsedMail:
        source = tmp_path / "mail.eml"
        source.write_bytes(content)
        return parse_mail(source, attachments)

    return reading
