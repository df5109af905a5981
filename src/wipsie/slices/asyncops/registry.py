"""The kinds of records there are, each with what all of them share. Whoever adds a kind adds a line here."""

from __future__ import annotations

from wipsie.slices.asyncops.rights import READ_BLOCKERS, READ_INCIDENTS, READ_STATUS
from wipsie.slices.asyncops.service import status
from wipsie.slices.asyncops.service.blockers import found as blockers
from wipsie.slices.asyncops.service.incidents import views as incidents
from wipsie.slices.asyncops.store.blockers import BLOCKERS
from wipsie.slices.asyncops.store.incidents import INCIDENTS
from wipsie.slices.asyncops.store.status import STATUS_UPDATES
from wipsie.slices.asyncops.subjects import Subject, Subjects


def build_subjects() -> Subjects:
    """All kinds."""
    return Subjects(
        (
            Subject(table=STATUS_UPDATES, read=READ_STATUS, findables=status.findables),
            Subject(table=BLOCKERS, read=READ_BLOCKERS, findables=blockers.findables),
            Subject(table=INCIDENTS, read=READ_INCIDENTS, findables=incidents.findables),
        )
    )
