"""docs/connectors.md, made of the catalogue and the tutorials: `python tests/tutorials/table.py` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "connectors.md"
HEAD = """# The connectors

What the emulator serves of Adobe's published sources and destinations, and what is not covered. The ids, ways to log
in and parameters stand in `src/aep_flow_mcp/emulator/catalogue/connectors/`, each with its pages; a page is a path in
Adobe's public documentation (github.com/AdobeDocs/experience-platform.en).

A connector is covered by a tutorial when `tests/tutorials` goes through it with the tools of the server: each request
body that the emulator receives is the one of the page, apart from names, descriptions, the order of members, and
numbers that are text. Where a page contradicts itself or its own spec, the data beside the test say what was put
right. This page is written by `make connectors`; a test holds it to the data.
"""
_WITHOUT = {
    "generic-rest": "no page shows its source connection",
    "marketo": "its way to log in is not published",
    "marketo-activities": "its way to log in is not published",
    "airship-attributes": "only a stored account is published, no pipeline",
}


def page() -> str:
    """The whole text of docs/connectors.md."""
    from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
    from tutorials.tutorials import tutorials

    catalogue = load_catalogue()
    pages: dict[str, dict[str, None]] = {}
    for tutorial in tutorials():
        pages.setdefault(tutorial.connector, {}).update(dict.fromkeys(tutorial.pages))
    served = [one for one in catalogue.connectors if one.role != "internal"]
    covered = [one for one in served if one.id in pages]
    ways = {"source": "in", "destination": "out", "both": "in and out"}
    lines = [
        HEAD,
        f"{len(served)} connectors are served, {len(covered)} of them are covered by {len(tutorials())} tutorials.\n",
    ]
    lines += ["| connector | name | id | category | way | logs in with | covered by |", "|" + " --- |" * 7]
    for one in sorted(served, key=lambda each: (each.role == "destination", each.category, each.label)):
        logins = (
            "not published"
            if one.auths is None
            else "; ".join(auth.name for auth in one.auths) or "no account"
        )
        by = (
            _pages(pages[one.id])
            if one.id in pages
            else f"not covered: {_WITHOUT[one.name]} ({_pages(one.pages)})"
        )
        lines.append(
            f"| {one.label} | `{one.name}` | `{one.id}` | {one.category} | {ways[one.role]} | {logins} | {by} |"
        )
    lines += ["", "## Not covered: no published id", ""]
    lines += ["No page states the connection spec id of these, so they cannot be served.", ""]
    lines += ["| connector | category | way | page | what is known |", "|" + " --- |" * 5]
    for each in catalogue.unpublished:
        lines.append(
            f"| {each.label} | {each.category} | {ways[each.role]} | {each.page.removeprefix('help/')} | {each.note} |"
        )
    return "\n".join(lines) + "\n"


def _pages(paths: Iterable[str]) -> str:
    return ", ".join(path.removeprefix("help/") for path in paths)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    PAGE.write_text(page(), "utf-8")
