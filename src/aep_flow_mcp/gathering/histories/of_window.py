"""The runs of one flow in a stretch of time."""

from __future__ import annotations

from datetime import datetime

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.run_status import STARTED_PATH
from aep_flow_mcp.insight.windows import Window, WindowError, parse_window
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.paging import Page, all_items
from aep_flow_mcp.platform.reader import FlowReader

_PAGE = 100


def window_of(text: str | None, *, now: datetime) -> Window | None:
    """The window that is meant, in UTC where it names days.

    Raises:
        AskedError: it is none.
    """
    try:
        return parse_window(text, now=now) if text else None
    except WindowError as error:
        raise AskedError(str(error)) from None


async def runs_within(aep: FlowReader, flow_id: str, window: Window, *, most: int) -> list[FlowRun]:
    """The runs of a flow that started in the window, the latest `most` of them, newest first.

    Raises:
        PlatformError: they could not be read.
    """
    start, end = window.milliseconds
    asked = [Filter("flowId").eq(flow_id), Filter(STARTED_PATH).ge(start), Filter(STARTED_PATH).lt(end)]

    async def page(cursor: str | None) -> Page[FlowRun]:
        return await aep.list_runs(asked, limit=_PAGE, orderby=f"-{STARTED_PATH}", cursor=cursor)

    return [run async for run in all_items(page, cap=most)]
