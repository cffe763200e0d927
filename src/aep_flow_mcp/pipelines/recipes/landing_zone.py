"""The Data Landing Zone in both directions.

Landing zone to data lake is the import of files with the landing zone's own connection spec: it has no account, and
its paths begin with the container. Data lake to landing zone is the export of datasets with an account that has no
credentials, found or made silently. What both have of their own is that the zone keeps files for a week only.
"""

from __future__ import annotations

from .. import schedules
from ..blueprint import Verdict
from ..desk import Desk
from . import exports, files

INTO_LAKE = "landing zone to data lake"
FROM_LAKE = "data lake to landing zone"
_KEPT_DAYS = 7


def into_lake(desk: Desk) -> Verdict:
    """The verdict on an import from the landing zone."""
    rhythm = schedules.parse_rhythm(desk.wish.every or "")
    days = {"day": 1, "week": 7}.get(rhythm.unit, 0) * rhythm.count if rhythm else 0
    if days >= _KEPT_DAYS:
        desk.warn(
            f"The landing zone deletes files after {_KEPT_DAYS} days: some may be gone before they are read."
        )
    return files.judge(desk, INTO_LAKE)


def from_lake(desk: Desk) -> Verdict:
    """The verdict on an export into the landing zone."""
    desk.warn(f"The landing zone deletes files after {_KEPT_DAYS} days: fetch them before.")
    return exports.judge(desk, FROM_LAKE)
