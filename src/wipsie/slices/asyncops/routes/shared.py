"""The routes that records of every kind have: comments, links, timelines, followers, the search over all, and what
people want to be told of them."""

from __future__ import annotations

from fastapi import APIRouter

from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.routes.comments import COMMENTS_LIST, add_comments
from wipsie.slices.asyncops.routes.followers import FOLLOWED_LIST, FOLLOWERS_LIST, add_followers
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.routes.links import LINKS_LIST, REFERENCES_LIST, add_links
from wipsie.slices.asyncops.routes.preferences import add_preferences
from wipsie.slices.asyncops.routes.search import add_search
from wipsie.slices.asyncops.routes.timeline import TIMELINE_LIST, add_timelines
from wipsie.slices.asyncops.service.comments import CommentService
from wipsie.slices.asyncops.service.following import FollowingService
from wipsie.slices.asyncops.service.links import LinkService
from wipsie.slices.asyncops.service.notes import TimelineNotes
from wipsie.slices.asyncops.service.preferences import PreferenceService
from wipsie.slices.asyncops.service.searching import Searcher
from wipsie.slices.asyncops.subjects import Subjects

SHARED_LISTS = (COMMENTS_LIST, TIMELINE_LIST, LINKS_LIST, REFERENCES_LIST, FOLLOWERS_LIST, FOLLOWED_LIST)


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
