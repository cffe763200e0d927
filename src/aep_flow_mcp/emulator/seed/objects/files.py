"""What is found at the source systems: folders, files and tables with columns and sample rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...json_types import JsonObject
from ..organisation.feeds import FEEDS, Feed, table_columns
from ..organisation.plan import FlowPlan, SandboxPlan
from .pipeline import Place
from .samples import sample_rows

LANDING_ZONE = "landing-zone"
_SUFFIX = {"delimited": "csv", "json": "json", "parquet": "parquet"}

Tree = dict[str, JsonObject]


def build_files(place: Place, plan: SandboxPlan) -> dict[str, Tree]:
    """The trees by base connection id (or `landing-zone`): whatever a flow reads is there.

    Nothing is there of a file that is planned as missing, but its folder. What can be explored has a tree,
    be it an empty one; generated flows have no files.
    """
    trees: dict[str, Tree] = {LANDING_ZONE: {}}
    for account in plan.accounts:
        if place.catalogue.by_name[account.spec].explore is not None:
            trees[place.uuid("connection", account.key)] = {}
    at = datetime.fromtimestamp(place.now_ms / 1000, UTC)
    for flow in plan.flows:
        if flow.kind in {"files", "landing", "table"} and not flow.generated:
            _add_flow(trees[_owner(place, flow.account)], flow, at)
    for extra in plan.extras:
        tree = trees[_owner(place, extra.account)]
        if not extra.table:
            _add_folders(tree, extra.place)
        kind = "table" if extra.table else "file"
        tree[extra.place] = _node(kind, FEEDS[extra.feed], "delimited", extra.place, at)
    return trees


def _owner(place: Place, account: str | None) -> str:
    return LANDING_ZONE if account is None else place.uuid("connection", account)


def _add_flow(tree: Tree, plan: FlowPlan, at: datetime) -> None:
    feed = FEEDS[plan.feed or ""]
    if plan.kind == "table":
        tree[plan.place] = _node("table", feed, "delimited", plan.key, at)
        return
    _add_folders(tree, plan.place)
    if not plan.file_missing:
        _add_files(tree, plan, feed, at)


def _add_folders(tree: Tree, path: str) -> None:
    parts = path.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth]) + "/"
        if folder != "/":
            tree.setdefault(folder, {"type": "folder", "columns": [], "rows": [], "format": "delimited"})


def _add_files(tree: Tree, plan: FlowPlan, feed: Feed, at: datetime) -> None:
    if not plan.place.endswith("/"):
        tree[plan.place] = _node("file", feed, plan.format, plan.key, at)
        return
    for days in range(plan.newest_file_days, plan.newest_file_days + 3):
        day = (at - timedelta(days=days)).date().isoformat()
        path = f"{plan.place}{plan.key}-{day}.{_SUFFIX[plan.format]}"
        tree[path] = _node("file", feed, plan.format, f"{plan.key} {day}", at - timedelta(days=days))


def _node(kind: str, feed: Feed, form: str, key: str, at: datetime) -> JsonObject:
    return {
        "type": kind,
        "columns": table_columns(feed),
        "rows": sample_rows(feed, key=key, at=at),
        "format": form,
    }
