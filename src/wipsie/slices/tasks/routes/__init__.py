"""The HTTP edge of the tasks slice: one file per verb."""

from __future__ import annotations

from fastapi import APIRouter

from wipsie.api.fast_route import FastRoute
from wipsie.slices.tasks.routes.delete import add_delete
from wipsie.slices.tasks.routes.look import add_looks
from wipsie.slices.tasks.routes.receive import add_receive
from wipsie.slices.tasks.routes.send import add_send
from wipsie.slices.tasks.routes.welcome import add_welcome
from wipsie.slices.tasks.routes.workers import add_workers
from wipsie.slices.tasks.service import MessageService
from wipsie.slices.tasks.workforce import Workforce


def build_router(service: MessageService, workforce: Workforce, *, version: str, console_installed: bool) -> APIRouter:
    """All routes, the hottest first: routes are tried in their order."""
    router = APIRouter(route_class=FastRoute)
    add_send(router, service)
    add_receive(router, service)
    add_delete(router, service)
    add_looks(router, service)
    add_workers(router, workforce)
    add_welcome(router, version=version, console_installed=console_installed)
    return router
