"""What servers we trust say about the origin of a mail: Authentication-Results (RFC 8601) and Received-SPF (RFC 7208).

Anybody can write these fields, so only those count that name a trusted server, and our servers must remove forged ones that
name them (RFC 8601, section 5). In case one slips through: servers put their fields on top, so for each method the topmost
field that tells it decides. ARC-Authentication-Results are never believed here; `signatures` checks the chain they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from wipsie.slices.mail.domain.mime.parsed import ParsedMail

RESULTS: Mapping[str, tuple[str, ...]] = {
    "spf": ("pass", "softfail", "neutral", "none", "policy", "temperror", "permerror", "fail"),
    "dkim": ("pass", "temperror", "fail", "policy", "neutral", "permerror", "none"),
    "dmarc": ("pass", "temperror", "fail", "permerror", "none"),
    "arc": ("pass", "fail", "none"),
}
"""The registered results of each method we know. Where one field tells a method several times, the first of these: one good
signature is enough."""
_AUTHENTICATION_RESULTS = "Authentication-Results: "
_RECEIVED_SPF = "Received-SPF: "
_TOKEN = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\\?\Z)|(?P<open>\()|(?P<end>;)|(?P<other>[^";(]+|.)', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SERVER = re.compile(r"([^\s=]+)(?:\s+([0-9]+))?")
_METHOD = re.compile(r"([a-z0-9-]+)\s*(?:/\s*[0-9]+\s*)?=\s*([a-z0-9-]+)(?![^\s])")
_RECEIVER = re.compile(r"(?:^|[\s;])receiver\s*=\s*([^\s;]+)")


def verdicts_of(mail: ParsedMail, *, trusted: frozenset[str]) -> dict[str, str]:
    """The results of spf, dkim, dmarc and arc, by method, as far as a trusted server tells them. `trusted`: the ids of servers
    (authserv-id), in any case; without any the result is empty."""
    servers = frozenset(server.strip().casefold() for server in trusted)
    verdicts: dict[str, str] = {}
    for field in mail.authentication:
        if field.startswith(_AUTHENTICATION_RESULTS):
            for method, result in _results(field.removeprefix(_AUTHENTICATION_RESULTS), servers.__contains__).items():
                verdicts.setdefault(method, result)
    # The older field tells less, and counts where the newer one says nothing.
    for field in mail.authentication:
        if field.startswith(_RECEIVED_SPF) and "spf" not in verdicts:
            result = _received_spf(field.removeprefix(_RECEIVED_SPF), servers.__contains__)
            if result is not None:
                verdicts["spf"] = result
    return verdicts


def _results(value: str, is_trusted: Callable[[str], bool]) -> dict[str, str]:
    server, *told = _statements(value)
    match = _SERVER.fullmatch(server)
    # Another version than 1 may mean something else by the same words.
    if match is None or not is_trusted(match[1]) or int((match[2] or "1")[:9]) != 1:
        return {}
    found: dict[str, list[str]] = {}
    of_envelope: list[str] = []
    for statement in told:
        match = _METHOD.match(statement)
        if match is None or match[2] not in RESULTS.get(match[1], ()):
            continue
        found.setdefault(match[1], []).append(match[2])
        if match[1] == "spf" and "smtp.mailfrom" in statement:
            of_envelope.append(match[2])
    results = {method: min(values, key=RESULTS[method].index) for method, values in found.items()}
    if of_envelope:
        # That of the greeting says little: any sender passes under a name of its own.
        results["spf"] = of_envelope[0]
    return results


def _received_spf(value: str, is_trusted: Callable[[str], bool]) -> str | None:
    plain = " ".join(_statements(value))
    result = plain.partition(" ")[0]
    if "identity=helo" in plain:
        return None
    receiver = _RECEIVER.search(plain)
    return result if receiver is not None and is_trusted(receiver[1]) and result in RESULTS["spf"] else None


def _statements(value: str) -> list[str]:
    """Between semicolons, in small letters, without comments and quotation marks. At least one, maybe empty."""
    statements: list[str] = []
    words: list[str] = []
    place = 0
    while place < len(value):
        match = _TOKEN.match(value, place)
        if match is None:
            break
        place = match.end()
        if match["open"]:
            # A comment that nothing closes is all the rest.
            place = _behind_comment(value, place)
            words.append(" ")
        elif match["end"]:
            statements.append("".join(words))
            words.clear()
        elif match["quoted"] is not None:
            # What is quoted is one word, and must not look like several.
            words.append("_".join(re.split(r"[\s=;]+", _ESCAPE.sub(r"\1", match["quoted"]))))
        else:
            words.append(match["other"])
    statements.append("".join(words))
    return [" ".join(statement.split()).casefold() for statement in statements]


def _behind_comment(value: str, place: int) -> int:
    depth = 1
    for sign in _IN_COMMENT.finditer(value, place):
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return len(value)
