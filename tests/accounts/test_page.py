"""The page /account: its own lines run in it and nothing else, and it is whole."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from house import House, Visitor

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def test_nothing_runs_in_the_page_but_its_own_lines(stranger: Visitor) -> None:
    answer = await stranger.get("/account")
    page = answer.ok()
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for kind in ("script", "style"):
        (text,) = re.findall(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_brings_everything_and_puts_no_text_in_as_markup(stranger: Visitor) -> None:
    page = (await stranger.get("/account")).ok()
    assert not re.findall(r"""(?:src|href)=["'](?!data:,|/docs)""", page)
    assert not re.findall(r"\son\w+=|style=\"", page), "inline handlers and styles would be blocked"
    assert "innerHTML" not in page
    assert "localStorage" not in page


async def test_everything_has_a_label_and_what_the_script_names_is_there(stranger: Visitor) -> None:
    page = (await stranger.get("/account")).ok()
    ids = set(re.findall(r'\sid="([\w-]+)"', page))
    assert set(re.findall(r'at\("([\w-]+)"\)', page)) <= ids
    fields = set(re.findall(r'<input id="([\w-]+)"', page))
    assert fields == {"email", "name", "password", "show"}
    for field in fields - {"show"}:
        assert f'<label for="{field}">' in page
        assert f"{field}-field" in ids
    assert set(re.findall(r'aria-(?:describedby|labelledby)="([\w-]+)"', page)) <= ids
    assert '<html lang="en">' in page


async def test_the_page_calls_what_there_is(house: House, stranger: Visitor) -> None:
    page = (await stranger.get("/account")).ok()
    document = (await stranger.get("/openapi.json")).ok()
    called = re.findall(r'ask\("(\w+)", "([^"]+)"', page)
    assert len(called) >= 6
    for method, path in called:
        assert method.lower() in document["paths"][path], path
