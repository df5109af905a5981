"""A mail door on loopback in front of a real intake, and clients that speak to it byte by byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from wipsie.blobs import BlobStore
from wipsie.kernel.clock import Clock, SystemClock, utc_datetime
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.slices.mail.domain.arrival import Envelope, RawArrival, RawMail, read_body
from wipsie.slices.mail.doors.smtp.context import Accept
from wipsie.slices.mail.doors.smtp.door import Address, MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake
from wipsie.testing.eventually import eventually

USERNAME, PASSWORD, NAME = "press", "correct horse", "Press desk"


class Client:
    """One connection, over which a test says exactly what it wants to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def reply(self) -> str:
        """The next reply, its lines joined by line feeds."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = await self._reader.readuntil(b"\r\n")
            lines.append(line.decode().removesuffix("\r\n"))
        return "\n".join(lines)

    async def say(self, line: str) -> str:
        """Send a line; its reply."""
        await self.send(line.encode() + b"\r\n")
        return await self.reply()

    async def begin_mail(self, *recipients: str, greeting: str = "EHLO") -> None:
        """All that comes before the content."""
        for line in (
            f"{greeting} client.example",
            "MAIL FROM:<a@example.org>",
            *(f"RCPT TO:<{recipient}>" for recipient in recipients or ("b@example.org",)),
        ):
            assert (await self.say(line)).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    async def encrypt(self) -> None:
        """After a reply that is ready for it. Whose certificate it is, is not looked at."""
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        await self._writer.start_tls(trusting)

    async def is_ended(self) -> bool:
        """True once the door has closed the connection, with nothing more to say."""
        try:
            return await self._reader.read() == b""
        except ConnectionResetError:
            return True

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            # The door was faster.
            return

    def vanish(self) -> None:
        """As a client does whose machine lost its power, save that the door hears of it."""
        self._writer.transport.abort()


class Kept:
    """Where the mails of a door go that has no intake behind it: bytes and envelopes, in the order they came."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, Envelope]] = []
        self.problems: list[Exception] = []
        """Raised instead, one for a mail."""
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.waiting = 0

    async def accept(self, file: Path, envelope: Envelope) -> MessageId:
        self.waiting += 1
        await self.may_go_on.wait()
        self.waiting -= 1
        if self.problems:
            raise self.problems.pop()
        self.mails.append((await asyncio.to_thread(file.read_bytes), envelope))
        return new_message_id()

    @property
    def contents(self) -> list[bytes]:
        return [content for content, _ in self.mails]

    @property
    def envelope(self) -> Envelope:
        """Of the only mail."""
        ((_, envelope),) = self.mails
        return envelope


async def sign_in(username: str, password: str) -> str | None:
    return NAME if (username, password) == (USERNAME, PASSWORD) else None


class Doors:
    """Opens doors, and clients to them; all are closed with the test."""

    def __init__(self, spool: Path, stack: AsyncExitStack) -> None:
        self.spool = spool
        self._stack = stack

    async def open(
        self, accept: Accept, *, clock: Clock | None = None, sign_in: Any = sign_in, **settings: Any
    ) -> MailDoor:
        settings = {"smtp_port": 0, "lmtp_port": 0, "hostname": "mail.test", "spool": self.spool, **settings}
        door = MailDoor(MailDoorSettings(**settings), accept, sign_in, clock or SystemClock())
        await door.start()
        self._stack.push_async_callback(door.stop, timeout_s=0)
        return door

    async def connect(self, address: Address | None) -> Client:
        """A client that has not read the greeting."""
        assert address is not None
        client = Client(*await asyncio.open_connection(*address))
        self._stack.push_async_callback(client.close)
        return client

    async def greeted(self, address: Address | None) -> Client:
        """A client that has."""
        client = await self.connect(address)
        assert (await client.reply()).startswith("220 mail.test ")
        return client

    async def in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        """What a client does that blocks; in a thread of its own, for those of the event loop are the door's."""
        with ThreadPoolExecutor(1) as thread:
            return await asyncio.get_running_loop().run_in_executor(thread, work, *given)

    def files(self) -> list[Path]:
        """Mails that are coming in."""
        return list(self.spool.iterdir())

    async def are_empty(self) -> None:
        """Fails unless no file of a mail is left, or soon will be."""
        await eventually(lambda: not self.files(), message="files of mails are left")


@pytest.fixture
async def doors(tmp_path: Path, leaves_nothing_behind: None) -> AsyncIterator[Doors]:
    async with AsyncExitStack() as stack:
        yield Doors(tmp_path / "data" / "spool", stack)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def engine(tmp_path: Path, leaves_nothing_behind: None) -> AsyncIterator[QueueEngine]:
    clock = SystemClock()
    made = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames("wipsie-"))
    await made.start([QueueSettings(name=made.names.stored(MAIL_QUEUE), max_messages=25)])
    yield made
    await made.stop()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(f"file://{tmp_path}/blobs")


@pytest.fixture
def intake(engine: QueueEngine, blobs: BlobStore) -> MailIntake:
    return MailIntake(engine, blobs)


Arrivals = Callable[[], Awaitable[list[tuple[bytes, Envelope]]]]


@pytest.fixture
def arrivals(engine: QueueEngine, blobs: BlobStore) -> Arrivals:
    """What is on the queue, with the bytes in the store."""

    async def read() -> list[tuple[bytes, Envelope]]:
        found: list[tuple[bytes, Envelope]] = []
        for message in await engine.peek(engine.resolve(MAIL_QUEUE), limit=100):
            arrival = read_body(message.body)
            assert isinstance(arrival, RawArrival)
            assert isinstance(arrival.source, RawMail)
            found.append(((await blobs.get(arrival.source.key)).content, arrival.envelope))
        return found

    return read


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Any]:
    """Settings of a door with a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = utc_datetime(SystemClock.now_ms())
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    files = {"tls_certificate": tmp_path / "mail.pem", "tls_key": tmp_path / "mail.key"}
    files["tls_certificate"].write_bytes(signed.public_bytes(Encoding.PEM))
    files["tls_key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
