"""Lists of what belongs to somebody: one sees one's own, and whoever may see those of others names whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from starlette.requests import Request

from wipsie.api.gate import principal_of
from wipsie.kernel.errors import Forbidden

OF_USER = "Whose; one's own without it. Those of others take the right to see all."


def of_whom(request: Request, owner: ColumnElement[Any], permission: str) -> Sequence[ColumnElement[bool]]:
    """What narrows a list with a filter ``user``. Forbidden for others' without the right to all."""
    principal = principal_of(request)
    asked = request.query_params.get("user")
    if asked is None:
        return (owner == principal.user_id,)
    if not principal.may(permission):
        if any(word.strip() not in ("me", principal.user_id) for word in asked.split(",")):
            raise Forbidden(
                f"Those of others take {permission} for all; yours reaches your own.",
                details={"permission": permission},
            )
        return (owner == principal.user_id,)
    return ()
