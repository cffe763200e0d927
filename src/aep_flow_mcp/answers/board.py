"""The board of pipeline_health as an app and a picture take it: rows of flows, cells of time. Beside the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aep_flow_mcp.gathering.health_scope import Scope
from aep_flow_mcp.insight.health.board import Board, Cell
from aep_flow_mcp.insight.health.report import Health, Missed
from aep_flow_mcp.platform.redaction.texts import redact_text

VIEW = "aep-flow-mcp/board"
"""Where it stands in the `_meta` of the answer."""
MOST_ROWS = 1_000


def board_view(
    board: Board, health: Health, scope: Scope, *, now: datetime, zone: str, stopped: bool
) -> dict[str, Any]:
    """Rows, the gravest first: flows with runs in the window, and those that should have had some.

    A cell is [stretch, succeeded, partial, failed, running or waiting, lost records]; `overdue` are stretches. Times
    in epoch seconds.
    """
    # Where not all runs were read, none can be said to be missing.
    late = [] if stopped else health.missed(scope.with_runs, now=now)
    missed = {item.flow.id: item for item in late}
    idle = [flow.id for flow in scope.with_runs if flow.enabled and flow.id not in board.rows]
    ids = list(dict.fromkeys([*board.rows, *missed, *idle]))
    ids.sort(key=lambda id: (_grave(list(board.rows.get(id, {}).values()), id in missed), scope.name(id), id))
    return {
        "window": str(board.window),
        "zone": zone,
        "step": board.step.value,
        "starts": [int(at.timestamp()) for at in board.starts],
        "end": int(board.window.end.timestamp()),
        "flows": [_row(id, board, scope, missed.get(id)) for id in ids[:MOST_ROWS]],
        "left_out": max(0, len(ids) - MOST_ROWS),
        "written": [column.written for column in board.columns],
        "lost": [column.lost for column in board.columns],
    }


def _grave(cells: Sequence[Cell], overdue: bool) -> tuple[int, int, bool]:
    failed, partial = sum(cell.failed for cell in cells), sum(cell.partial for cell in cells)
    if failed or overdue:
        return 0, -failed, not overdue
    return (1, -partial, True) if partial else (2 if cells else 3, 0, True)


def _row(id: str, board: Board, scope: Scope, missed: Missed | None) -> dict[str, Any]:
    flow = scope.flows.get(id)
    cells = sorted(board.rows.get(id, {}).items())
    row: dict[str, Any] = {
        "id": id if flow else "",
        "name": redact_text(scope.name(id)),
        "cells": [
            [number, cell.succeeded, cell.partial, cell.failed, cell.open, cell.lost]
            for number, cell in cells
        ],
    }
    if missed is not None:
        kept, table = missed.attendance, missed.flow.timetable
        period = table.step if table else None
        late = board.free(id, kept.first_missing, kept.last_missing, period)
        # What fell due before the window and has not come since is overdue now.
        row["overdue"] = late or [len(board.starts) - 1]
        row["due"], row["ran"] = kept.due, kept.ran
    return row
