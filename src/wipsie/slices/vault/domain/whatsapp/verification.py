"""The question Meta asks of a callback URL before it sends anything there."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

_CHALLENGE_CHARACTERS_MAX = 256


def challenge_answer(parameters: Mapping[str, str], tokens: Iterable[str]) -> str | None:
    """What to answer, as plain text and with 200; None for a question that is not Meta's or not ours, to be answered with 403 and
    nothing else. `parameters`: of the query, under their own names (``hub.mode`` and so on); `tokens`: those that are valid."""
    given = parameters.get("hub.verify_token", "").encode()
    matches = [hmac.compare_digest(token.encode(), given) for token in tokens if token]
    challenge = parameters.get("hub.challenge", "")
    is_ours = any(matches) and parameters.get("hub.mode") == "subscribe"
    # Whoever knows the token could have any text answered: a challenge is short and of plain signs.
    is_harmless = challenge.isascii() and challenge.isalnum() and len(challenge) <= _CHALLENGE_CHARACTERS_MAX
    return challenge if is_ours and is_harmless else None
