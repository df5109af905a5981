"""The webhook of a whole Wipsie without workers: what comes in stays where it was put."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Table, select

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.app.settings import Settings
from wipsie.kernel.clock import SystemClock
from wipsie.testing.served import served

SECRET, NEXT_SECRET = "door-app-secret", "door-next-app-secret"
VERIFY, NEXT_VERIFY = "door-verify-token", "door-next-verify-token"
NUMBER_ID = "420000000000088"
WEBHOOK = "/webhook/whatsapp"


def signature(body: bytes, secret: str = SECRET) -> str:
    """What Meta writes beside it."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def text(words: str = "LIST", *, message_id: str = "wamid.ONE", user: str = "1", at_s: int = 1_795_300_000) -> Any:
    """An element of `messages`."""
    return {
        "from": f"1555010{user:0>4}",
        "from_user_id": f"IN.4812007731{user:0>4}",
        "id": message_id,
        "timestamp": str(at_s),
        "type": "text",
        "text": {"body": words},
    }


def webhook(*messages: Any, statuses: Any = (), number_id: str = NUMBER_ID, field: str = "messages") -> bytes:
    """A body with one change."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550177000", "phone_number_id": number_id},
        "messages": list(messages),
        "statuses": list(statuses),
    }
    entry = {"id": "310000000000077", "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


class Door:
    """A client of the webhook, and what lies behind it."""

    def __init__(self, application: Application, client: aiohttp.ClientSession) -> None:
        self.parts = application.parts
        self.client = client

    async def post(
        self, body: bytes, *, secret: str = SECRET, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers of the answer. `headers` take the place of the signature."""
        signed = {"X-Hub-Signature-256": signature(body, secret)} if headers is None else headers
        async with self.client.post(WEBHOOK, data=io.BytesIO(body), headers=signed) as answer:
            return answer.status, await answer.read(), answer.headers.copy()

    async def refusal(self, body: bytes, **how: Any) -> tuple[int, str]:
        """Status and code."""
        status, answer, _ = await self.post(body, **how)
        return status, json.loads(answer)["error"]["code"]

    async def rows(self, table: Table) -> list[Any]:
        async with self.parts.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def jobs(self) -> list[dict[str, Any]]:
        """What waits for the workers that handle messages."""
        queue = self.parts.engine.resolve("vault_messages")
        return [json.loads(one.body)["data"] for one in await self.parts.engine.peek(queue, limit=1_000)]

    def counted(self, name: str, **labels: str) -> float:
        """A sample of the metrics."""
        return self.parts.metrics.registry.get_sample_value(name, labels) or 0.0

    def received(self, kind: str) -> float:
        return self.counted("vault_messages_received_total", kind=kind)


@asynccontextmanager
async def open_door(folder: Path, **settings: str) -> AsyncGenerator[Door]:
    """One over a migrated database, with two secrets and two tokens at once, unless the settings say otherwise."""
    values = {
        "WIPSIE_DATA_DIR": str(folder),
        "WIPSIE_SLICES": "vault",
        "WHATSAPP_APP_SECRET": f"{NEXT_SECRET},{SECRET}",
        "WHATSAPP_VERIFY_TOKEN": f"{NEXT_VERIFY},{VERIFY}",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER_ID,
        **settings,
    }
    application = Application(
        build_parts(Settings.read({name: value for name, value in values.items() if value}), SystemClock()), ("api",)
    )
    await application.start()
    try:
        async with served(application.build_api()) as url, aiohttp.ClientSession(url) as client:
            yield Door(application, client)
    finally:
        await application.stop()
