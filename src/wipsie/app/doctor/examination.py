"""All checks in order; a check that breaks is a finding like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.doctor.machine import check_data_folder, check_disk_space, check_log_file, check_python
from wipsie.app.doctor.mail_doors import check_mail_doors
from wipsie.app.doctor.network import check_mail, check_port
from wipsie.app.doctor.people import check_accounts
from wipsie.app.doctor.stores import check_audit, check_database, check_queues, check_shared, check_workers
from wipsie.app.settings import Settings, environment
from wipsie.app.settings.unknown import unknown_variables
from wipsie.kernel.errors import WipsieError

CHECK_TIMEOUT_S = 10.0

Check = Callable[[Settings], Awaitable[list[Finding]]]
_CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", check_python),
    ("data folder", check_data_folder),
    ("disk", check_disk_space),
    ("log", check_log_file),
    ("database", check_database),
    ("audit", check_audit),
    ("accounts", check_accounts),
    ("shared", check_shared),
    ("queue", check_queues),
    ("port", check_port),
    ("mail in", check_mail_doors),
    ("workers", check_workers),
    ("mail", check_mail),
)


async def examine() -> list[Finding]:
    """Every finding, in the order of the checks. Never raises for what is wrong; each check ends within its time-out."""
    try:
        values = environment()
        settings = Settings.read(values)
    except WipsieError as error:
        return [
            Finding("settings", FAIL, error.message, "Correct it in the environment or in .env, then run this again.")
        ]
    unknown = [Finding("settings", WARN, one.note) for one in unknown_variables(values)]
    findings = unknown or [Finding("settings", OK, f"all readable; data folder {settings.data_dir}")]
    for name, check in _CHECKS:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                findings += await check(settings)
        except TimeoutError:
            findings.append(
                Finding(name, FAIL, f"no answer within {CHECK_TIMEOUT_S:g} s", "Look at the disk and its load.")
            )
        except WipsieError as error:
            findings.append(Finding(name, FAIL, error.message))
        except Exception as error:
            findings.append(Finding(name, FAIL, f"{type(error).__name__}: {error}"))
    return findings
