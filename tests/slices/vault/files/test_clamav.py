"""A real ClamAV daemon finds what it knows; what it cannot say is an error, and an error is not clean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from clamd_server import CLAMD, EICAR, STREAM_BYTES_MAX, ClamdServer

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.vault.gateways.clamav import ScanClean, ScanFailed, ScanInfected, Scanner
from wipsie.testing.sample_reports import sample_report
from wipsie.testing.sample_reports.hostile.raw_pdf import flate, one_page, stream

needs_clamd = pytest.mark.skipif(CLAMD is None, reason="clamd is not installed: apt-get install clamav-daemon")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClamdServer]:
    server = ClamdServer(tmp_path_factory.mktemp("clamd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


@needs_clamd
@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        EICAR,
        one_page(page=b"/Contents 4 0 R", more={4: stream(EICAR)}),
        one_page(page=b"/Contents 4 0 R", more={4: flate(EICAR)}),
    ],
    ids=["plain", "in-a-pdf", "in-a-compressed-stream"],
)
async def test_what_the_daemon_knows_is_found(
    content: bytes, clamd: ClamdServer, file: Callable[[bytes], Path]
) -> None:
    found = await Scanner(f"unix:{clamd.socket}").scan(file(content))
    assert isinstance(found, ScanInfected), found
    assert found.name.startswith("Test.Eicar")


@needs_clamd
@pytest.mark.slow
async def test_a_report_is_clean(clamd: ClamdServer, file: Callable[[bytes], Path]) -> None:
    scanner = Scanner(f"unix:{clamd.socket}")
    assert await scanner.scan(file(sample_report(2, form="scanned_pdf").content)) == ScanClean()
    assert await scanner.scan(file(b"")) == ScanClean()
    assert await scanner.problem() is None


@needs_clamd
@pytest.mark.slow
async def test_a_file_longer_than_the_daemon_takes_is_an_error(
    clamd: ClamdServer, file: Callable[[bytes], Path]
) -> None:
    assert isinstance(await Scanner(f"unix:{clamd.socket}").scan(file(b"\0" * (STREAM_BYTES_MAX * 4))), ScanFailed)


@needs_clamd
@pytest.mark.slow
async def test_a_daemon_that_was_stopped_is_an_error_until_it_is_back(
    tmp_path: Path, file: Callable[[bytes], Path]
) -> None:
    folder = tmp_path / "clamd"
    folder.mkdir()
    server = ClamdServer(folder)
    scanner = Scanner(f"unix:{server.socket}")
    infected = file(EICAR)
    await asyncio.to_thread(server.start)
    assert isinstance(await scanner.scan(infected), ScanInfected)
    await asyncio.to_thread(server.stop)
    assert isinstance(await scanner.scan(infected), ScanFailed)
    assert await scanner.problem() is not None
    await asyncio.to_thread(server.start)
    assert isinstance(await scanner.scan(infected), ScanInfected)
    await asyncio.to_thread(server.stop)


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(conversation: Conversation) -> AsyncGenerator[Scanner]:
    """A scanner of a daemon that says what it is told to say."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await conversation(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Scanner(f"tcp:127.0.0.1:{port}", answer_s_max=0.2)


def says(answer: bytes) -> Conversation:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            await reader.readexactly(length)
        writer.write(answer)
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",
        b"\0",
        b"OK\0",
        b"stream: OKAY\0",
        b"stream: ok\0",
        b"stream:  FOUND\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"a" * 100_000,
        b"\xff\xfe\0",
    ],
    ids=range(12),
)
async def test_no_other_answer_is_clean(answer: bytes, file: Callable[[bytes], Path]) -> None:
    async with talking(says(answer)) as scanner:
        assert isinstance(await scanner.scan(file(b"report")), ScanFailed)


async def test_the_file_arrives_whole_and_in_pieces(file: Callable[[bytes], Path]) -> None:
    content = bytes(range(256)) * 1_000
    arrived: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            arrived.append(await reader.readexactly(length))
        writer.write(b"stream: OK\0")

    async with talking(take) as scanner:
        assert await scanner.scan(file(content)) == ScanClean()
    assert b"".join(arrived) == content
    assert len(arrived) > 1


async def test_a_name_with_blanks_is_taken_whole(file: Callable[[bytes], Path]) -> None:
    async with talking(says(b"stream: Some Bad Thing FOUND\0")) as scanner:
        assert await scanner.scan(file(b"report")) == ScanInfected(name="Some Bad Thing")


async def test_a_daemon_that_says_nothing_is_an_error_in_time(file: Callable[[bytes], Path]) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with talking(silent) as scanner:
        assert await scanner.scan(file(b"report")) == ScanFailed(reason="clamd took too long.")


async def test_a_verdict_counts_though_the_daemon_hung_up_before_the_end(file: Callable[[bytes], Path]) -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1_000)
        writer.write(b"stream: Early FOUND\0")
        await writer.drain()
        # Everything that is still on its way, so that the verdict is not lost with it.
        await reader.read(-1)

    async with talking(early) as scanner:
        assert await scanner.scan(file(b"\0" * 300_000)) == ScanInfected(name="Early")


async def test_nobody_there_is_an_error(tmp_path: Path, file: Callable[[bytes], Path]) -> None:
    for address in (f"unix:{tmp_path}/nothing.socket", "tcp:127.0.0.1:1"):
        scanner = Scanner(address)
        assert isinstance(await scanner.scan(file(b"report")), ScanFailed)
        assert await scanner.problem() is not None


async def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async with talking(says(b"stream: OK\0")) as scanner:
        assert isinstance(await scanner.scan(tmp_path / "gone"), ScanFailed)


@pytest.mark.parametrize("address", ["", "unix:", "unix:clamd", "tcp:host", "tcp::3310", "tcp:host:0", "http://host:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError):
        Scanner(address)


def test_addresses_of_the_sixth_version_are_addresses() -> None:
    Scanner("tcp:[::1]:3310")
