"""Settings: what the environment says, and one clear sentence when it says nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from wipsie.app.settings import Settings, environment
from wipsie.app.settings.example import env_example
from wipsie.app.settings.settings import all_variables
from wipsie.app.settings.unknown import LATER, unknown_variables
from wipsie.kernel.errors import ConfigurationError

ROOT = Path(__file__).parents[2]


def test_without_any_variable_everything_lives_in_one_folder_on_loopback() -> None:
    settings = Settings.read({})
    folder = Path.cwd() / ".wipsie"
    assert settings.data_dir == folder
    assert settings.queue.url == f"sqlite:///{folder}/queue.db"
    assert settings.database.url == f"sqlite:///{folder}/wipsie.db"
    assert settings.blobs.url == folder.as_uri() + "/blobs"
    assert (settings.api.host, settings.api.port) == ("127.0.0.1", 8000)
    assert settings.instance.roles == ("api", "worker", "scheduler")


def test_the_port_of_a_platform_counts_when_api_port_is_not_set() -> None:
    assert Settings.read({"PORT": "9000"}).api.port == 9000
    assert Settings.read({"PORT": "9000", "API_PORT": "9001"}).api.port == 9001
    assert Settings.read({"PORT": "9000", "API_PORT": ""}).api.port == 9000


def test_lists_may_be_written_as_json_or_with_commas() -> None:
    wanted = ("http://a.example", "http://b.example")
    assert Settings.read({"CORS_ORIGINS": '["http://a.example", "http://b.example"]'}).api.cors_origins == wanted
    assert Settings.read({"CORS_ORIGINS": "http://a.example, http://b.example"}).api.cors_origins == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "eighty"),
        ("API_PORT", "65536"),
        ("PORT", "-1"),
        ("REGISTRATION", "perhaps"),
        ("PUBLIC_URL", "wipsie.example.org"),
        ("PUBLIC_URL", "https://wipsie.example.org/console"),
        ("PUBLIC_URL", "https://ann@wipsie.example.org"),
        ("PUBLIC_URL", "https://wipsie.example.org:many"),
        ("CORS_ORIGINS", '["http://a.example'),
        ("CORS_ORIGINS", "[1]"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_URL", "mysql://host/name"),
        ("QUEUE_URL", "/var/queue.db"),
        ("SQS_QUEUE_PREFIX", "no spaces"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("WIPSIE_ROLES", "api,cook"),
        ("WORKER_DRAIN_DEADLINE", "soon"),
        ("WORKER_CONCURRENCY", "1.5"),
        ("TASK_RUNS_RETENTION", "1s"),
        ("SMTP_URL", "mail.example.org"),
        ("WORKING_HOURS", "9-17"),
        ("WORKING_HOURS", "17:00-9:00"),
        ("WORKING_HOURS", "0:00-24:01"),
        ("BLOCKER_STALE_AFTER", "1s"),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence_with_name_value_and_what_is_accepted(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.read({name: value})
    message = caught.value.message
    assert message.startswith(f"{name} is '{value}'; it must be ")
    assert "\n" not in message
    assert caught.value.details["setting"] == name


def test_a_password_is_shown_neither_in_texts_nor_in_errors() -> None:
    settings = Settings.read({"SMTP_URL": "smtp://me:hunter2@mail.example.org", "SECRET_KEY": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.shown())
    with pytest.raises(ConfigurationError) as caught:
        Settings.read({"DATABASE_URL": "mysql://me:hunter2@host/name"})
    assert "hunter2" not in caught.value.message


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("API_PORT=1234\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("API_PORT", "4321")
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    settings = Settings.read(environment(file))
    assert settings.api.port == 4321
    assert settings.logging.level == "DEBUG"


def test_the_example_file_is_the_one_the_settings_make() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == env_example(), "run: wipsie settings --example > .env.example"


def test_the_example_file_names_all_settings_and_only_those() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    named = [line[1:].partition("=")[0] for line in lines if line.startswith("#") and not line.startswith("# ")]
    assert named == [declared.name for declared in all_variables()]


def test_the_defaults_of_the_example_file_are_accepted_and_change_nothing() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = [line[1:].split("=", 1) for line in lines if line.startswith("#") and not line.startswith("# ")]
    values = {name: value.replace("WIPSIE_DATA_DIR", str(Path.cwd() / ".wipsie")) for name, value in pairs}
    assert Settings.read(values) == Settings.read({})


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant() -> None:
    found = unknown_variables({"API_PROT": "1", "WIPSI_DATA_DIR": "x", "HOME": "/", "PATH": "/bin", "API_PORT": "1"})
    assert {one.name: one.meant for one in found} == {"API_PROT": "API_PORT", "WIPSI_DATA_DIR": "WIPSIE_DATA_DIR"}


def test_a_variable_that_one_command_reads_is_not_called_useless() -> None:
    assert unknown_variables({"WIPSIE_MOVE_FROM": "sqlite:///q.db", "WIPSIE_MOVE_TO": "redis://127.0.0.1"}) == []


def test_a_variable_of_a_later_version_is_said_to_have_no_effect() -> None:
    (found,) = unknown_variables({"SQS_ACCOUNT_ID": "554510949034"})
    assert "not used by this version" in found.note
    assert not set(LATER) & {declared.name for declared in all_variables()}


@pytest.mark.parametrize("password", ["secret", "pa:ss", "p@ss", "a%2Fb", ":"])
def test_no_password_of_a_url_is_ever_shown(password: str) -> None:
    settings = Settings.read(
        {
            "QUEUE_URL": f"redis://:{password}@host:6379/0",
            "DATABASE_URL": f"postgresql://wipsie:{password}@host/name",
            "REDIS_URL": f"rediss://wipsie:{password}@host",
        }
    )
    shown = settings.shown()
    assert shown["QUEUE_URL"] == "redis://:***@host:6379/0"
    assert shown["DATABASE_URL"] == "postgresql://wipsie:***@host/name"
    assert shown["REDIS_URL"] == "rediss://wipsie:***@host"
