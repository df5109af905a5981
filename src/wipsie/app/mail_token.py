"""The token of ``POST /api/email`` where no Parameter Store has it: a setting, or a secret this installation makes for itself."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from wipsie.app.kept_secret import kept_secret
from wipsie.app.settings import Settings
from wipsie.slices.mail.service.token_keeper import Tokens

KEY_NAME = "mail.token"
_EMAIL = (
    '{"data": {"email_subject": "Happy new year!", "email_sender": "John doe", '
    '"email_timestamp": "1693561101", "email_content": "Just want to say... Happy new year!!!"}}'
)


def local_tokens(settings: Settings) -> Tokens:
    """MAIL_TOKEN, or the one in the data folder, made when there is none yet; and MAIL_TOKEN_PREVIOUS. ConfigurationError."""
    mail = settings.mail
    current = mail.token or kept_secret(settings.data_dir, KEY_NAME).hex()
    return Tokens(current, mail.token_previous or None)


def sample_call(settings: Settings, url: str) -> str:
    """A command for a shell that sends an e-mail to the API at `url`; the token is not in it."""
    command = Path(sys.argv[0])
    program = str(command) if command.name == "wipsie" else f"{sys.executable} -m wipsie"
    folder = settings.data_dir
    place = "" if folder == Path.cwd() / ".wipsie" else f"WIPSIE_DATA_DIR={shlex.quote(str(folder))} "
    return (
        f'curl {url}/api/email -H "Authorization: Bearer $({place}{program} mail token)" '
        f"-H 'Content-Type: application/json' -d '{_EMAIL}'"
    )
