"""An error as the API tells it: in the answer to a call, in a failed status, in a message it could not pass on."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.whatsapp.json_values import Members, items, members, text_of, whole_of

ERRORS_MAX = 20
_TEXT_CHARACTERS_MAX = 500


class ApiError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Decide by `code` and, where it helps, `subcode`: Meta rewords the texts."""

    code: int | None = None
    subcode: int | None = None
    title: str | None = None
    details: str | None = None
    """Meta's sentence for developers. It may name the recipient: not for logs."""
    is_transient: bool = False
    """Meta says that trying again may help."""


def read_api_error(answer: object, http_status: int | None = None) -> ApiError:
    """From the decoded answer to a call that failed, or one element of an `errors` list. A code that is missing stays None, as when
    a proxy answered in Meta's place; `http_status` then decides."""
    outer = members(answer)
    error = members(outer.get("error")) or outer
    title = error.get("title") or error.get("error_user_title") or error.get("type")
    details = members(error.get("error_data")).get("details") or error.get("message")
    return ApiError(
        code=whole_of(error.get("code")),
        subcode=whole_of(error.get("error_subcode")),
        title=text_of(title, _TEXT_CHARACTERS_MAX),
        details=text_of(details, _TEXT_CHARACTERS_MAX),
        is_transient=error.get("is_transient") is True or (http_status is not None and http_status >= 500),
    )


def read_api_errors(holder: Members) -> tuple[ApiError, ...]:
    """From the `errors` of a message, a status or a whole value."""
    return tuple(read_api_error(one) for one in items(holder.get("errors"))[:ERRORS_MAX])
