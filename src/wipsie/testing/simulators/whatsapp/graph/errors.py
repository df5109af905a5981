"""An error as the Graph API answers it, and as a webhook carries it."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.graph.error_codes import described

ERRORS_PAGE = "/documentation/business-messaging/whatsapp/support/error-codes"


class GraphError(Exception):
    """Raised anywhere on the Graph side; becomes the answer."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        message: str | None = None,
        subcode: int | None = None,
        status_code: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        """`message`: without the code in front, for errors that do not come from WhatsApp but from the Graph itself."""
        known = described(code)
        self.code = code
        self.title = known.title
        self.details = details or known.details
        self.message = message
        self.subcode = subcode
        self.status_code = status_code if status_code is not None else known.status_code
        self.retry_after_s = retry_after_s if retry_after_s is not None else known.retry_after_s
        self.is_transient = known.is_transient
        super().__init__(f"(#{code}) {self.title}: {self.details}")

    def body(self, trace_id: str) -> dict[str, Any]:
        """The answer."""
        error: dict[str, Any] = {
            "message": self.message if self.message is not None else f"(#{self.code}) {self.title}",
            "type": "OAuthException",
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient:
            error["is_transient"] = True
        if self.message is None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        error["fbtrace_id"] = trace_id
        return {"error": error}

    def webhook_body(self) -> dict[str, Any]:
        """One of `errors[]`."""
        return webhook_error(self.code, self.details)


def webhook_error(code: int, details: str = "") -> dict[str, Any]:
    """One of `errors[]` of a status or a message."""
    known = described(code)
    return {
        "code": code,
        "title": known.title,
        "message": known.title,
        "error_data": {"details": details or known.details},
        "href": ERRORS_PAGE,
    }


def no_such_object(object_id: str) -> GraphError:
    """Unknown, ended or somebody else's: the API does not say which, and not with 404."""
    return GraphError(
        100,
        message=f"Unsupported request. Object with ID '{object_id}' does not exist or cannot be loaded.",
        subcode=33,
        status_code=400,
    )
