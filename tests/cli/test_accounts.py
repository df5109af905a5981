"""`wipsie users` and `wipsie keys`: everything an admin does, for whoever may use the data folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import Conflict, InvalidInput, NotFound

# Passwords are hashed as they are for people, which takes its time.
pytestmark = pytest.mark.slow

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]
PASSWORD = "seven pears 4 breakfast"


def create(wipsie_json: WipsieJson, name: str, role: str = "member") -> Any:
    return wipsie_json("users", "create", f"{name}@example.org", "--name", name.capitalize(), "--role", role)


def test_an_account_is_made_with_the_link_for_its_password(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    made = create(wipsie_json, "ada", "admin")
    assert made["user"]["role"] == "admin"
    assert made["link"]["url"].startswith("http://127.0.0.1:")
    assert "/account#reset=" in made["link"]["url"]
    shown = wipsie("users", "create", "ann@example.org", "--name", "Ann").stdout
    assert "/account#reset=" in shown
    assert "Made usr_" in shown
    listed = wipsie_json("users", "list")
    assert [(one["name"], one["email"], one["role"], one["has_password"]) for one in listed] == [
        ("Ada", "ada@example.org", "admin", False),
        ("Ann", "ann@example.org", "member", False),
    ]
    assert [one["name"] for one in wipsie_json("users", "list", "--role", "admin")] == ["Ada"]
    table = wipsie("users", "list").stdout
    assert "no password yet" in table
    assert "ann@example.org" in table


def test_a_password_comes_from_standard_input_and_never_from_an_argument(
    wipsie: Wipsie, wipsie_json: WipsieJson
) -> None:
    create(wipsie_json, "ann")
    changed = wipsie_json("users", "set-password", "ANN@example.org", input=f"{PASSWORD}\n")
    assert changed["has_password"]
    assert PASSWORD not in wipsie("users", "set-password", "ann@example.org", input=f"{PASSWORD}\n").output
    assert wipsie("users", "set-password", "ann@example.org", PASSWORD).exit_code == 2
    with pytest.raises(InvalidInput, match="letters and digits"):
        wipsie("users", "set-password", "ann@example.org", input="no digits here\n")
    with pytest.raises(InvalidInput, match="no password"):
        wipsie("users", "set-password", "ann@example.org", input="")


def test_roles_and_activity_are_changed_but_for_the_last_admin(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    create(wipsie_json, "ada", "admin")
    ann = create(wipsie_json, "ann")["user"]["id"]
    assert wipsie_json("users", "set-role", ann, "lead")["role"] == "lead"
    assert not wipsie_json("users", "deactivate", ann)["is_active"]
    assert "deactivated" in wipsie("users", "list").stdout
    assert wipsie_json("users", "activate", ann)["is_active"]
    for arguments in (("set-role", "ada@example.org", "member"), ("deactivate", "ada@example.org")):
        with pytest.raises(Conflict, match="last active admin"):
            wipsie("users", *arguments)
    with pytest.raises(InvalidInput, match="role"):
        wipsie("users", "set-role", ann, "emperor")


def test_who_is_not_there_is_said_so(wipsie: Wipsie) -> None:
    for person in ("nobody@example.org", "usr_none", "x"):
        for command in ("deactivate", "unlock", "reset-link"):
            with pytest.raises(NotFound):
                wipsie("users", command, person)
    with pytest.raises(NotFound):
        wipsie("keys", "revoke", "key_none")


def test_invitations_and_links_are_printed_and_mailed(wipsie_json: WipsieJson, wipsie: Wipsie) -> None:
    create(wipsie_json, "ann")
    invited = wipsie_json("users", "invite", "bob@example.org", "--role", "lead")
    assert "/account#invitation=" in invited["url"]
    assert "/account#invitation=" in wipsie("users", "invite").stdout
    assert "/account#reset=" in wipsie_json("users", "reset-link", "ann@example.org")["url"]
    assert wipsie_json("users", "unlock", "ann@example.org")["name"] == "Ann"
    with pytest.raises(Conflict, match="already"):
        wipsie("users", "invite", "ann@example.org")


def test_keys_are_made_listed_and_revoked(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    ann = create(wipsie_json, "ann")["user"]["id"]
    arguments = ("keys", "create", "ann@example.org", "--name", "dashboard", "--scope", "queues:read", "--days", "90")
    made = wipsie_json(*arguments, "--scope", "users:read")
    assert made["secret"].startswith("wipsie_")
    assert made["scopes"] == ["queues:read", "users:read"]
    first_line = wipsie(*arguments).stdout.splitlines()[0]
    assert first_line.startswith("wipsie_"), "alone on its line, for scripts"
    listed = wipsie_json("keys", "list", "--user", ann)
    assert [one["name"] for one in listed] == ["dashboard", "dashboard"]
    assert all("secret" not in one for one in listed)
    assert wipsie_json("keys", "revoke", made["id"])["id"] == made["id"]
    assert len(wipsie_json("keys", "list")) == 1
    assert "dashboard" in wipsie("keys", "list").stdout
    with pytest.raises(InvalidInput, match="scopes"):
        wipsie("keys", "create", ann, "--name", "x", "--scope", "users:manage")


def test_keys_for_amazon_sqs_are_made_with_rules_and_shown_as_its_clients_take_them(
    wipsie: Wipsie, wipsie_json: WipsieJson
) -> None:
    create(wipsie_json, "lea", "lead")
    arguments = ("keys", "create", "lea@example.org", "--name", "shop", "--sqs", "--allow", "send:orders*")
    made = wipsie_json(*arguments, "--allow", "receive,delete:invoices", "--days", "7")
    assert (made["scopes"], made["allow"]) == ([], ["send:orders*", "receive,delete:invoices"])
    assert len(made["access_key_id"]) == 20
    assert len(made["secret"]) == 40
    lines = wipsie(*arguments).stdout.splitlines()
    assert lines[0].startswith("AWS_ACCESS_KEY_ID=WIPS")
    assert lines[1].startswith("AWS_SECRET_ACCESS_KEY=")
    assert made["access_key_id"] in {one["access_key_id"] for one in wipsie_json("keys", "list")}
    assert "send:orders*" in wipsie("keys", "list").stdout.replace("\n", "")
    assert wipsie_json("keys", "revoke", made["id"])["id"] == made["id"]
    created = [one for one in wipsie_json("audit", "list") if one["action"] == "auth:key:create"]
    assert [one["facts"]["rules"] for one in created] == [1, 2]
    assert made["secret"] not in json.dumps(wipsie_json("audit", "list"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--scope, or --sqs with --allow"),
        (["--sqs"], "--scope, or --sqs with --allow"),
        (["--allow", "send:*"], "--scope, or --sqs with --allow"),
        (["--sqs", "--allow", "send:*", "--scope", "queues:read"], "--scope, or --sqs with --allow"),
        (["--sqs", "--allow", "shout:*"], "neither a group"),
        (["--sqs", "--allow", "manage:*"], "queues:manage"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_a_sentence(
    wipsie: Wipsie, wipsie_json: WipsieJson, options: list[str], told: str
) -> None:
    create(wipsie_json, "lea", "lead")
    with pytest.raises(InvalidInput, match=told):
        wipsie("keys", "create", "lea@example.org", "--name", "x", *options)


def test_what_commands_do_is_audited_as_theirs(wipsie_json: WipsieJson) -> None:
    create(wipsie_json, "ada", "admin")
    create(wipsie_json, "ann")
    wipsie_json("users", "set-role", "ann@example.org", "lead")
    events = wipsie_json("audit", "list")
    assert {one["actor"] for one in events} == {"cli"}
    assert events[0]["action"] == "auth:user:change_role"
    assert "example.org" not in json.dumps(events)


def test_the_doctor_asks_for_an_admin_and_for_the_secret_of_the_passwords(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    def finding() -> Any:
        found = json.loads(wipsie("doctor", "--json").stdout)["checks"]
        return next(one for one in found if one["check"] == "accounts")

    create(wipsie_json, "ada", "admin")
    assert (finding()["status"], finding()["detail"]) == ("warn", "there is no admin who can log in")
    wipsie_json("users", "set-password", "ada@example.org", input=f"{PASSWORD}\n")
    assert (finding()["status"], finding()["detail"]) == ("ok", "1 can log in, an admin among them")
    (data_dir / "secrets" / "secret.key").unlink()
    assert finding()["status"] == "fail"
    assert "another secret" in finding()["detail"]
