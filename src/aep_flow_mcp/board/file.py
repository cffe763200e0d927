"""The board as one file: the app's HTML with its data in it, for a mail or a ticket."""

from __future__ import annotations

import json
from typing import Any

from aep_flow_mcp.apps.pages import Page

_PLACE = "</head>"
# JSON allows these escapes in texts, and has the signs nowhere else: no text can end the element or begin another.
_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def with_data(page: Page, arguments: dict[str, Any], result: dict[str, Any]) -> str:
    """The page with an answer inlined as data, which no browser runs; its policy stays what it is."""
    html = page.html
    if html.count(_PLACE) != 1:
        raise ValueError(f"{page.name}: no single place for data")
    data = json.dumps(
        {"arguments": arguments, "result": result}, ensure_ascii=False, separators=(",", ":")
    ).translate(_ESCAPES)
    element = f'<script type="application/json" id="inlined">{data}</script>'
    return html.replace(_PLACE, f"{element}\n{_PLACE}")
