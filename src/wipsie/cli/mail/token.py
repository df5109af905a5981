"""`wipsie mail token`."""

from __future__ import annotations

import typer


def token() -> None:
    """Print the token of POST /api/email, and nothing else.

    It is MAIL_TOKEN, or one that is made at the first call and kept in the data folder.

    \b
    Example:
      curl http://127.0.0.1:8000/api/email -H "Authorization: Bearer $(wipsie mail token)" \\
        -H 'Content-Type: application/json' -d '{"data": {"email_subject": "Hello", "email_sender": "Ann",
        "email_timestamp": "1693561101", "email_content": "Just want to say hello."}}'
    """
    from wipsie.app.mail_token import local_tokens
    from wipsie.app.settings import load_settings
    from wipsie.kernel.errors import ConfigurationError

    settings = load_settings()
    parameter = settings.mail.token_parameter
    if parameter:
        raise ConfigurationError(
            "The token is kept in Systems Manager; ask there: "
            f"aws ssm get-parameter --with-decryption --name {parameter} --query Parameter.Value --output text",
            details={"setting": "SSM_TOKEN_PARAMETER"},
        )
    typer.echo(local_tokens(settings).current)
