"""The table of docs/deprecation.md: arguments whose former names are accepted, by tool."""

from __future__ import annotations

from aep_flow_mcp.surface.arguments import FORMER_NAMES
from aep_flow_mcp.surface.snapshot import load_cards

BEGIN, END = "<!-- former names: begin -->", "<!-- former names: end -->"


def with_table(page: str) -> str:
    """The page with the table between its markers."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


def table() -> str:
    """Former name, present name, and the tools that take both."""
    lines = ["| former | present | tools |", "| --- | --- | --- |"]
    for former, present in FORMER_NAMES.items():
        tool, _, name = former.rpartition(".")
        tools = [
            f"`{card['name']}`"
            for card in load_cards()
            if present in (members := card["input"].get("properties", {}))
            and name not in members
            and tool in ("", card["name"])
        ]
        lines.append(f"| `{name}` | `{present}` | {', '.join(tools)} |")
    return "\n".join(lines)
