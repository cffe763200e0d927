"""A few shapes as SVG text. Whatever is written into it is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_NO_XML = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What cannot stand in a line of XML is left out."""
FONT = "system-ui,-apple-system,Segoe UI,Roboto,sans-serif"
STYLE = (
    "text{font:12px " + FONT + ";fill:#1f2430}.q{fill:#5b6270}.b{font-weight:600}.c{font-size:10px;"
    "font-weight:700;text-anchor:middle}rect.bg{fill:#fff}"
)


def document(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """A whole picture; `title` is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img"><title>{_told(title)}</title><style>{STYLE}</style>'
        f'<rect class="bg" width="{width}" height="{height}"/>{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """One line."""
    return f'<text x="{x:g}" y="{y:g}"{_of(kind)}>{_told(words)}</text>'


def rect(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    """A box; `more` are attributes of this server's own."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{more}/>'


def short(words: str, most: int) -> str:
    """As much of a name as fits."""
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _told(words: str) -> str:
    return escape(_NO_XML.sub("", words))


def _of(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
