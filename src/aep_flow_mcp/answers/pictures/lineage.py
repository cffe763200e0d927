"""What feeds what as a picture: columns from left to right, the way data goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aep_flow_mcp.answers.pictures.svg import document, rect, short, text

_WIDE, _HIGH, _ACROSS, _DOWN = 190, 40, 250, 54
_LEFT, _TOP = 16, 56
_MARKS = {
    "breaks": ("#b3261e", "breaks"),
    "starves": ("#7a1fa2", "gets no data"),
    "thins": ("#8a5a00", "gets less data"),
    "stales": ("#5b6270", "goes on with old data"),
}
"""List of the answer, colour of the frame, and the word for it, which stands in the box as well."""


def lineage_picture(found: dict[str, Any], marks: dict[str, str]) -> str:
    """found: the structure of trace_lineage. marks: by the number of a node the list that it belongs into."""
    nodes = {node["n"]: node for node in found["nodes"]}
    edges = [tuple(edge.split(">", 1)) for edge in found["edges"]]
    edges = [edge for edge in edges if edge[0] in nodes and edge[1] in nodes]
    places = _places(list(nodes), edges)
    width = max((x for x, _ in places.values()), default=0) + _WIDE + 2 * _LEFT
    height = max((y for _, y in places.values()), default=_TOP) + _HIGH + 40
    title = f"What feeds what around {found['start']}"
    return document(max(width, 480), height, title, _parts(found, marks, nodes, edges, places, height))


def _places(names: list[str], edges: list[tuple[str, ...]]) -> dict[str, tuple[int, int]]:
    """Each box one column behind the last of those that feed it; circles end where they would begin again."""
    column = dict.fromkeys(names, 0)
    for _ in names:
        moved = [edge for edge in edges if column[edge[1]] < column[edge[0]] + 1 < len(names)]
        for source, target in moved:
            column[target] = column[source] + 1
        if not moved:
            break
    used: dict[int, int] = {}
    places = {}
    for name in names:
        row = used.get(column[name], 0)
        used[column[name]] = row + 1
        places[name] = (_LEFT + column[name] * _ACROSS, _TOP + row * _DOWN)
    return places


def _parts(
    found: dict[str, Any],
    marks: dict[str, str],
    nodes: dict[str, Any],
    edges: list[tuple[str, ...]],
    places: dict[str, tuple[int, int]],
    height: int,
) -> Iterator[str]:
    yield text(_LEFT, 24, short(f"What feeds what around {found['start']}", 90), "b")
    for source, target in edges:
        (x, y), (to_x, to_y) = places[source], places[target]
        x, y, to_y = x + _WIDE, y + _HIGH // 2, to_y + _HIGH // 2
        bend = (to_x - x) // 2
        yield (
            f'<path d="M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}" fill="none" '
            'stroke="#8a92a0" stroke-width="1.5"/>'
        )
    for name, (x, y) in places.items():
        node = nodes[name]
        colour, word = _MARKS.get(marks.get(name, ""), ("#8a92a0", ""))
        more = f' rx="5" stroke="{colour}" stroke-width="{2 if word else 1}"'
        yield rect(x, y, _WIDE, _HIGH, "#f3f5f8", more)
        kind = node["kind"].replace("_", " ")
        yield text(x + 8, y + 15, f"{kind}{f': {word}' if word else ''}", "q")
        yield text(x + 8, y + 31, short(node.get("name") or node["id"], 27), "b")
    if "nodes" in found.get("more", {}):
        yield text(_LEFT, height - 14, f"{len(nodes)} of {found['more']['nodes']} objects", "q")
