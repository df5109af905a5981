"""All routes of accounts."""

from __future__ import annotations

from fastapi import APIRouter

from wipsie.api.accounts.audit import add_audit
from wipsie.api.accounts.invitations import add_invitations
from wipsie.api.accounts.keys import add_keys
from wipsie.api.accounts.kit import AccountKit
from wipsie.api.accounts.me import add_me
from wipsie.api.accounts.page import add_page
from wipsie.api.accounts.passwords import add_passwords
from wipsie.api.accounts.sessions import add_sessions
from wipsie.api.accounts.signing_in import add_signing_in
from wipsie.api.accounts.users import add_users
from wipsie.api.fast_route import FastRoute


def build_accounts_router(kit: AccountKit) -> APIRouter:
    """The router; part of every composition."""
    router = APIRouter(route_class=FastRoute)
    for add in (
        add_signing_in,
        add_me,
        add_passwords,
        add_sessions,
        add_keys,
        add_users,
        add_invitations,
        add_audit,
        add_page,
    ):
        add(router, kit)
    return router
