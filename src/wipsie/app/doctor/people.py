"""Checks of accounts: the secret behind tokens and passwords, and somebody who can manage them."""

from __future__ import annotations

from wipsie.app.doctor.database_state import is_ready, opened
from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.keyring import build_keyring, has_secret
from wipsie.app.settings import Settings


async def check_accounts(settings: Settings) -> list[Finding]:
    """The secret can be used and is the one passwords were made with; there is an admin."""
    from wipsie.auth import accounts

    keyring = build_keyring(settings)
    if not await is_ready(settings):
        return [Finding("accounts", OK, "none yet: Wipsie was not started here")]
    async with opened(settings) as database, database.read() as connection:
        has_admin = await accounts.has_admin(connection)
        by_key = await accounts.passwords_by_key(connection)
    known = keyring().ids if has_secret(settings) else ()
    lost = sum(count for key_id, count in by_key.items() if key_id not in known)
    if lost:
        detail = f"{lost} password(s) were made with another secret, and their people cannot log in"
        advice = (
            "Add the secret they were made with to SECRET_KEY, after the new one; or hand out: wipsie users reset-link"
        )
        return [Finding("accounts", FAIL, detail, advice)]
    if not has_admin:
        advice = "Open the link `wipsie up` prints, or run: wipsie users create you@example.org --name You --role admin"
        return [Finding("accounts", WARN, "there is no admin who can log in", advice)]
    return [Finding("accounts", OK, f"{sum(by_key.values())} can log in, an admin among them")]
