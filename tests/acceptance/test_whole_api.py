"""The whole OpenAPI document, called with what it allows and what it does not: no answer is a 5xx, none is undeclared."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = 20
"""For each operation, and each of the two who ask."""
Start = Callable[..., WipsieProcess]
_ONE_SHOT = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


async def _prepared(
    start_wipsie: Start, call: Any, cli: Any
) -> tuple[WipsieProcess, dict[str, str], dict[str, list[str]]]:
    """A Wipsie with a team in it, the headers of a key that may do everything an admin may, and ids that are there."""
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    team = (await cli(wipsie, "demo", "--team", "--json")).json
    credentials = {"email": "mara@demo.invalid", "password": team["password"]}
    _, logged_in = await call(wipsie, "POST", "/api/auth/login", credentials)
    session = {"Authorization": f"Bearer {logged_in['token']}"}
    _, me = await call(wipsie, "GET", "/api/auth/me", headers=session)
    scopes = [name for name, extent in me["permissions"].items() if extent != "none"]
    # A session would end when the calls log it out.
    status, key = await call(wipsie, "POST", "/api/auth/keys", {"name": "all", "scopes": scopes}, headers=session)
    assert status == 201, key
    ids: dict[str, list[str]] = {}
    for kind in ("status", "incidents", "blockers", "decisions", "follow-ups"):
        _, page = await call(wipsie, "GET", f"/api/{kind}?limit=3", headers=session)
        ids[kind] = [one.get("number", one["id"]) for one in page["data"]]
    return wipsie, {"Authorization": f"Bearer {key['secret']}"}, ids


def _known(path: str, ids: Mapping[str, list[str]]) -> list[str]:
    match = re.match(r"/api/([a-z-]+)/\{", path)
    return ids.get(match[1], []) if match is not None else []


def _call_all(url: str, headers: Mapping[str, str], ids: Mapping[str, list[str]]) -> list[str]:
    # Their types are known in parts only.
    schemathesis: Any = importlib.import_module("schemathesis")
    known_checks: Any = importlib.import_module("schemathesis.specs.openapi.checks")
    checks = [
        importlib.import_module("schemathesis.checks").not_a_server_error,
        known_checks.status_code_conformance,
        known_checks.content_type_conformance,
        known_checks.response_schema_conformance,
    ]
    failures: list[str] = []
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")

    succeeded: set[str] = set()

    def call_one(operation: Any, who: Mapping[str, str]) -> None:
        known = _known(operation.path, ids)

        @_ONE_SHOT
        @given(
            case=operation.as_strategy(),
            pick=st.integers(0, 5),
        )
        def check(case: Any, pick: int) -> None:
            # Half of the calls are about records that are there: others end with 404 before they begin.
            if known and pick < len(known) and case.path_parameters and "reference" in case.path_parameters:
                case.path_parameters["reference"] = known[pick]
            answer = case.call(headers=dict(who), timeout=60)
            case.validate_response(answer, checks=checks)
            if answer.status_code < 300:
                succeeded.add(name)

        name = f"{operation.method.upper()} {operation.path}"
        try:
            check()
        except Exception as error:
            failures.append(f"{name}: {error}"[:1500])

    called = 0
    for result in document.get_all_operations():
        operation = result.ok()
        called += 1
        call_one(operation, headers)
        call_one(operation, {})
    assert called >= 60, "the document lists too little"
    assert len(succeeded) >= called / 2, (
        f"{len(succeeded)} of {called} operations ever succeeded; the calls are too wild"
    )
    return failures


async def test_no_call_makes_it_stumble_or_answer_what_it_does_not_declare(
    start_wipsie: Start, call: Any, cli: Any
) -> None:
    wipsie, headers, ids = await _prepared(start_wipsie, call, cli)
    failures = await asyncio.to_thread(_call_all, wipsie.base_url, headers, ids)
    assert not failures, "\n\n".join(failures)
    assert '"level":"error"' not in wipsie.log()
