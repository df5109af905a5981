"""What an answer of the Graph API says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, SendOutcome, Taken, Unknown
from wipsie.slices.vault.domain.whatsapp.errors import ApiError, read_api_error, regain_access_s, retry_after_s
from wipsie.slices.vault.domain.whatsapp.json_values import NotJson, decoded, members
from wipsie.slices.vault.domain.whatsapp.outgoing import read_accepted
from wipsie.slices.vault.gateways.graph.failures import GraphRefused, GraphUnreachable

if TYPE_CHECKING:
    import aiohttp

_CHUNK_BYTES = 16 * 1024
_MAYBE_DONE = frozenset((500, 502, 504))
"""What stands before the API answered, and does not say whether the API was asked."""
_OWN = frozenset((401, 429))
"""Clear without a code."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Status, the JSON of the body (None where it is none), and what the headers ask for."""

    status: int
    body: object = None
    asked_s: float | None = None

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def error(self) -> ApiError:
        """What the body says of an error."""
        return read_api_error(self.body, self.status)

    def refusal(self) -> GraphRefused:
        """As an error of ours."""
        return GraphRefused(self.error, self.status, self.asked_s)


async def read_answer(response: aiohttp.ClientResponse, *, bytes_max: int) -> Answer:
    """The whole of it. GraphUnreachable when it is longer than any answer is."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        content += chunk
        if len(content) > bytes_max:
            raise GraphUnreachable("an answer of the Graph API does not end")
    try:
        body = decoded(bytes(content))
    except NotJson:
        body = None
    return Answer(status=response.status, body=body, asked_s=_asked_s(response.headers))


def as_outcome(answer: Answer) -> SendOutcome:
    """What an answer to a message, or to a receipt, says of it."""
    if answer.is_success:
        accepted = read_accepted(answer.body)
        if accepted is not None:
            return Taken(accepted.message_id)
        is_receipt = members(answer.body).get("success") is True
        return Taken() if is_receipt else Unknown("the answer names no message")
    error = answer.error
    if error.code is not None or answer.status in _OWN:
        return Refused(error=error, http_status=answer.status, asked_s=answer.asked_s)
    if answer.status in _MAYBE_DONE:
        return Unknown(f"status {answer.status} without a code")
    # Something else answered in the place of the API: a proxy, or a wrong URL in our settings.
    return NotSent(f"status {answer.status} without a code", answer.asked_s)


def _asked_s(headers: Mapping[str, str]) -> float | None:
    # The other one counts in whole minutes.
    exact_s = retry_after_s(headers.get("Retry-After"))
    return exact_s if exact_s is not None else regain_access_s(headers.get("X-Business-Use-Case-Usage"))
