"""The routes that records of every kind have: comments, links, timelines, followers, the search over all, and what
people want to be told of them."""

from __future__ import annotations

from fastapi import APIRouter

from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.routes.comments import add_comments
from wipsie.slices.asyncops.routes.followers import add_followers
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.routes.links import add_links
from wipsie.slices.asyncops.routes.preferences import add_preferences
from wipsie.slices.asyncops.routes.search import add_search
from wipsie.slices.asyncops.routes.timeline import add_timelines
from wipsie.slices.asyncops.service.comments import CommentService
from wipsie.slices.asyncops.service.following import FollowingService
from wipsie.slices.asyncops.service.links import LinkService
from wipsie.slices.asyncops.service.notes import TimelineNotes
from wipsie.slices.asyncops.service.preferences import PreferenceService
from wipsie.slices.asyncops.service.searching import Searcher
from wipsie.slices.asyncops.subjects import Subjects


def add_shared(
    router: APIRouter, kit: RouteKit, subjects: Subjects, desk: Desk, notices: Notices, clock: Clock
) -> None:
    """Register them for all kinds."""
    add_comments(router, kit, subjects, CommentService(desk, subjects, notices, clock))
    add_links(router, kit, subjects, LinkService(desk, subjects, clock))
    add_timelines(router, kit, subjects, TimelineNotes(desk, clock))
    add_search(router, kit, Searcher(subjects))
    add_preferences(router, kit, PreferenceService(clock))
    add_followers(router, kit, subjects, FollowingService(clock))
