"""QUEUE_URL with TLS: the server is who it says it is, or nothing is sent to it and a sentence says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.testing.ports import free_port
from wipsie.testing.servers import PostgresServer
from wipsie.testing.servers.certificates import Authority

QUEUE = QueueName("wipsie-default")


async def refusal_of_start(url: str) -> str:
    """The sentence a start is refused with, which names the setting and never the password."""
    backend = PostgresQueueBackend(url, clock=SystemClock())
    with pytest.raises(ConfigurationError) as refusal:
        await backend.start()
    await backend.stop()
    sentence = refusal.value.message
    assert sentence.startswith("QUEUE_URL: ")
    assert sentence.count("\n") == 0
    assert "secret" not in f"{sentence} {refusal.value.details}"
    return sentence


async def test_messages_pass_through_a_server_whose_certificate_was_verified(
    encrypted_postgres_server: PostgresServer, authority: Authority
) -> None:
    url = f"{encrypted_postgres_server.url()}?sslmode=verify-full&sslrootcert={authority.certificate}"
    backend = PostgresQueueBackend(url, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    await backend.send([NewMessage(queue=QUEUE, body="hello", message_id=new_message_id())])
    (delivery,) = await backend.receive(QUEUE)
    assert delivery.body == "hello"
    assert await backend.delete([(QUEUE, delivery.receipt)]) == [None]
    sessions = encrypted_postgres_server.run_sql(
        "SELECT count(*) FILTER (WHERE s.ssl), count(*) FROM pg_stat_activity AS a JOIN pg_stat_ssl AS s USING (pid) "
        "WHERE a.application_name = 'wipsie'"
    )
    encrypted, all_of_ours = sessions.strip().split("|")
    assert encrypted == all_of_ours != "0", "every connection is encrypted, that which listens too"
    await backend.stop()


async def test_a_certificate_of_another_authority_is_refused_at_once(
    encrypted_postgres_server: PostgresServer, authority: Authority
) -> None:
    stranger = Authority(authority.certificate.parent, "stranger")
    for mode in ("verify-full", "verify-ca"):
        sentence = await refusal_of_start(
            f"{encrypted_postgres_server.url()}?sslmode={mode}&sslrootcert={stranger.certificate}"
        )
        assert "not trusted" in sentence
        assert "sslrootcert" in sentence


async def test_a_certificate_made_out_to_another_host_is_refused_unless_the_name_is_not_asked_for(
    encrypted_postgres_server: PostgresServer, authority: Authority
) -> None:
    # The certificate knows the address, and not this name of it.
    url = encrypted_postgres_server.url().replace("@127.0.0.1:", "@localhost:")
    sentence = await refusal_of_start(f"{url}?sslmode=verify-full&sslrootcert={authority.certificate}")
    assert "another name" in sentence
    backend = PostgresQueueBackend(f"{url}?sslmode=verify-ca&sslrootcert={authority.certificate}", clock=SystemClock())
    await backend.start()
    await backend.stop()


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(
    durable_server: PostgresServer, authority: Authority, mode: str
) -> None:
    sentence = await refusal_of_start(f"{durable_server.url()}?sslmode={mode}&sslrootcert={authority.certificate}")
    assert "speaks no TLS" in sentence


async def test_a_server_without_tls_is_used_where_tls_is_only_preferred(durable_server: PostgresServer) -> None:
    backend = PostgresQueueBackend(f"{durable_server.url()}?sslmode=prefer", clock=SystemClock())
    await backend.start()
    await backend.stop()


async def test_a_file_that_is_not_there_or_no_certificate_is_named(
    encrypted_postgres_server: PostgresServer, authority: Authority, tmp_path: Path
) -> None:
    missing, nonsense = tmp_path / "missing.pem", tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for file, words in ((missing, "cannot be read"), (nonsense, "PEM")):
        sentence = await refusal_of_start(f"{encrypted_postgres_server.url()}?sslmode=verify-full&sslrootcert={file}")
        assert str(file) in sentence
        assert words in sentence


async def test_an_unknown_sslmode_is_refused_with_those_there_are(encrypted_postgres_server: PostgresServer) -> None:
    assert "verify-full" in await refusal_of_start(f"{encrypted_postgres_server.url()}?sslmode={os.urandom(3).hex()}")


async def test_a_server_that_is_away_is_still_only_unavailable(authority: Authority) -> None:
    url = f"postgresql://wipsie:secret@127.0.0.1:{free_port()}/wipsie?sslmode=verify-full&sslrootcert={authority.certificate}"
    backend = PostgresQueueBackend(url, clock=SystemClock())
    with pytest.raises(StorageUnavailable):
        await backend.start()
    await backend.stop()
