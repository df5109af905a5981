"""The commands of docs/how-to/mail.md work as they stand, one after the other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wipsie.app.mail_token import local_tokens
from wipsie.testing.pages import run_commands

if TYPE_CHECKING:
    from conftest import MailOffice

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "mail.md"


async def test_the_commands_of_the_page_work(mail_office: MailOffice, tmp_path: Path) -> None:
    office = mail_office.office
    environment = {
        "PATH": os.environ["PATH"],
        "WIPSIE_URL": office.url,
        "TOKEN": await office["lea"].badge.token(),
        "MAIL_TOKEN": local_tokens(office.parts.settings).current,
    }
    printed = await run_commands(PAGE, tmp_path, environment)
    assert '"status":"success"' in printed[0]
    assert len(printed) >= 3
