"""One process: its roles, its readiness, its stop."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from wipsie.app.application import Application
from wipsie.app.data_folder import prepare_data_folder
from wipsie.app.parts import build_parts
from wipsie.app.queues import queue_file
from wipsie.app.readiness import check_disk, readiness_checks
from wipsie.app.settings import Settings
from wipsie.database import migrator
from wipsie.kernel import json
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.queue.contract import NewMessage
from wipsie.testing import eventually


def spoil(file: Path) -> None:
    prepare_data_folder(file.parent)
    file.write_bytes(b"this is no database, whatever its name says" * 100)


async def started(settings: Settings, *roles: str) -> Application:
    prepare_data_folder(settings.data_dir)
    await migrator.migrate(settings.database.url)
    application = Application(build_parts(settings), roles)
    await application.start()
    return application


async def send(application: Application, data: object) -> MessageId:
    engine = application.parts.engine
    message_id = new_message_id()
    body = json.encode_text({"id": message_id, "timestamp": "", "task_type": "default", "data": data})
    await engine.send(NewMessage(queue=engine.resolve("default"), body=body, message_id=message_id))
    return message_id


async def test_a_message_is_processed_and_its_run_is_kept(settings: Settings) -> None:
    application = await started(settings, "worker", "scheduler")
    try:
        message_id = await send(application, {"number": 1})
        runs = await eventually(
            lambda: application.parts.run_log.runs_of(message_id), message="the message is processed"
        )
        assert [run.status for run in runs] == ["succeeded"]
    finally:
        await application.stop()


async def test_what_one_role_accepts_another_process_finds_after_a_restart(settings: Settings) -> None:
    intake = await started(settings, "api")
    message_id = await send(intake, {"number": 2})
    await intake.stop()
    application = await started(settings, "worker")
    try:
        await eventually(lambda: application.parts.run_log.runs_of(message_id), message="the message is processed")
    finally:
        await application.stop()


async def test_everything_in_the_data_folder_is_private(settings: Settings) -> None:
    application = await started(settings, "worker", "scheduler")
    await application.stop()
    modes = {path.name: path.stat().st_mode & 0o077 for path in [settings.data_dir, *settings.data_dir.rglob("*")]}
    assert {name: mode for name, mode in modes.items() if mode} == {}


async def test_a_process_without_the_key_of_the_audit_log_works_all_the_same(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await started(settings, "api")
    async with first.parts.database.unit_of_work() as unit:
        unit.record(AuditEvent(actor="cli", action="tests:thing:change", object="thing:1"))
    await first.stop()
    other_key = dataclasses.replace(settings.security, audit_keys=("ab" * 32,))
    application = await started(dataclasses.replace(settings, security=other_key), "worker")
    try:
        message_id = await send(application, {"number": 3})
        await eventually(lambda: application.parts.run_log.runs_of(message_id), message="the message is processed")
        assert "audit_log_cannot_be_written" in capsys.readouterr().err
    finally:
        await application.stop()


async def test_a_failing_start_leaves_nothing_running(settings: Settings, leaves_nothing_behind: None) -> None:
    file = queue_file(settings.queue.url)
    assert file is not None
    spoil(file)
    await migrator.migrate(settings.database.url)
    application = Application(build_parts(settings), ("worker",))
    with pytest.raises(Exception, match=r"queue file .* cannot be used"):
        await application.start()


async def test_readiness_asks_queue_database_workers_and_disk(settings: Settings) -> None:
    application = await started(settings, "api", "worker")
    parts = application.parts
    try:
        checks = readiness_checks(
            engine=parts.engine,
            database=parts.database,
            worker=application.worker,
            data_dir=settings.data_dir,
            clock=parts.clock,
        )
        results = {check.name: await check.check() for check in checks}
        assert list(results) == ["queue", "database", "workers", "disk"]
        assert all(result.ok for result in results.values()), results
    finally:
        await application.stop()


async def test_an_api_without_any_live_worker_is_not_ready(settings: Settings) -> None:
    application = await started(settings, "api")
    parts = application.parts
    try:
        checks = readiness_checks(
            engine=parts.engine, database=parts.database, worker=None, data_dir=settings.data_dir, clock=parts.clock
        )
        result = await next(check for check in checks if check.name == "workers").check()
        assert not result.ok
        assert "wipsie worker" in result.detail
    finally:
        await application.stop()


def test_a_folder_that_is_gone_is_a_red_disk(tmp_path: Path) -> None:
    result = check_disk(tmp_path / "gone")
    assert not result.ok
    assert "cannot be written" in result.detail


def test_a_queue_nobody_handles_is_refused(settings: Settings) -> None:
    worker = dataclasses.replace(settings.worker, queues=("default", "letters"))
    with pytest.raises(ConfigurationError, match="WORKER_QUEUES names 'letters'"):
        Application(build_parts(dataclasses.replace(settings, worker=worker)), ("worker",))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://localhost", "redis"),
        ("rediss://localhost", "redis"),
        ("sqs://us-east-1", "sqs"),
        ("postgresql://host/name", "postgresql"),
        ("postgres://host/name", "postgresql"),
        ("sqlite:////tmp/queue.db", "sqlite"),
    ],
)
def test_the_url_alone_chooses_the_backend(settings: Settings, url: str, name: str) -> None:
    queue = dataclasses.replace(settings.queue, url=url)
    parts = build_parts(dataclasses.replace(settings, queue=queue))
    assert parts.engine.capabilities.name == name


def test_a_queue_url_nobody_serves_is_told_with_those_that_are_served() -> None:
    with pytest.raises(ConfigurationError, match=r"QUEUE_URL is 'amqp://host'; it must be a URL such as sqlite"):
        Settings.read({"QUEUE_URL": "amqp://host"})
    with pytest.raises(ConfigurationError, match=r"use one of sqlite://, postgresql://, redis://, sqs://"):
        queue_file("amqp://host")


def test_a_data_folder_that_cannot_be_made_is_told_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="WIPSIE_DATA_DIR"):
        prepare_data_folder(tmp_path / "file" / "data")
