"""The board of pipeline_health as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aep_flow_mcp.answers.pictures.svg import document, rect, short, text
from aep_flow_mcp.insight.windows import read_zone

MOST_ROWS = 40
LOOKS = {
    "F": ("#b3261e", "#ffffff", "failed"),
    "P": ("#f2b134", "#1f2430", "lost records"),
    "O": ("#ffffff", "#7a1fa2", "overdue"),
    "R": ("#d3e3fd", "#0b3d91", "running"),
    "S": ("#2f6fb3", "#ffffff", "succeeded"),
}
"""Letter: colour of the box, of the letter, and the word for it. Told apart by letter as well as by colour."""
_LEFT, _TOP, _ROW, _CELL = 230, 64, 20, 22


def board_picture(view: dict[str, Any]) -> str:
    """view: as `answers/board.py` makes it."""
    flows = view["flows"][:MOST_ROWS]
    more = len(view["flows"]) - len(flows) + view["left_out"]
    columns = len(view["starts"])
    width = max(_LEFT + columns * _CELL + 20, 560)
    height = _TOP + max(len(flows), 1) * _ROW + 44
    return document(
        width, height, f"Flows by {view['step']}, {view['window']}", _parts(view, flows, more, height)
    )


def _parts(view: dict[str, Any], flows: list[dict[str, Any]], more: int, height: int) -> Iterator[str]:
    yield text(10, 20, f"Flows by {view['step']}", "b")
    yield text(10, 38, view["window"], "q")
    zone = read_zone(view["zone"])
    for number, start in enumerate(view["starts"]):
        if view["step"] != "hour" or number % 4 == 0:
            label = datetime.fromtimestamp(start, zone).strftime("%H:%M" if view["step"] == "hour" else "%d")
            yield text(_LEFT + number * _CELL, _TOP - 8, label, "q")
    if not flows:
        yield text(10, _TOP + 14, "No flow ran or was due.")
    for at, flow in enumerate(flows):
        y = _TOP + at * _ROW
        yield text(10, y + 14, short(flow["name"], 34))
        for number, letter in letters(flow, len(view["starts"])).items():
            fill, ink, _ = LOOKS[letter]
            x = _LEFT + number * _CELL
            stroke = f' stroke="{ink}"' if letter == "O" else ""
            yield rect(x, y + 1, _CELL - 2, _ROW - 3, fill, f' rx="3"{stroke}')
            yield f'<text x="{x + 10}" y="{y + 13}" class="c" style="fill:{ink}">{letter}</text>'
    words = " · ".join(f"{letter} {word}" for letter, (_, _, word) in LOOKS.items())
    yield text(10, height - 14, f"{words}{f' · and {more} more flows' if more else ''}", "q")


def letters(flow: dict[str, Any], columns: int) -> dict[int, str]:
    """What each stretch of a row shows: the gravest of its runs, or that one is missing."""
    found = {number: "O" for number in flow.get("overdue", ()) if number < columns}
    for number, _, partial, failed, open_runs, _ in flow["cells"]:
        found[number] = "F" if failed else "P" if partial else "R" if open_runs else "S"
    return dict(sorted(found.items()))
