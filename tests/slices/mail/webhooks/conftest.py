"""Doors of providers, open."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from provider_requests import SIGNING_KEY, TOPIC, USER_PASSWORD, SnsSigner, sendgrid_public_key
from webhook_hall import Hall, open_hall

from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.testing.clock import DEFAULT_START_S

OpenHall = Callable[..., Awaitable[Hall]]


@pytest.fixture(scope="session")
def signer() -> SnsSigner:
    """The SNS of the tests."""
    return SnsSigner(DEFAULT_START_S)


@pytest.fixture
async def open_doors(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[OpenHall]:
    """`await open_doors(mailgun_signing_keys=…, max_messages=…, address_rule=…)`."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_them(**options: Any) -> Hall:
            given = {name: options.pop(name) for name in WebhookSettings.__struct_fields__ if name in options}
            return await stack.enter_async_context(
                open_hall(WebhookSettings(**given), migrated_database_url, tmp_path, **options)
            )

        yield open_them


@pytest.fixture
async def hall(open_doors: OpenHall) -> Hall:
    """All of them, with the settings the samples are made for."""
    return await open_doors(
        sendgrid_public_key=sendgrid_public_key(),
        mailgun_signing_keys=(SIGNING_KEY,),
        postmark_user_password=USER_PASSWORD,
        ses_topic_arns=(TOPIC,),
    )
