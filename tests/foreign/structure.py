"""What holds of every answer, whatever it is about."""

from __future__ import annotations

import re
import unicodedata

from foreign.asking import Answer, Asker, Faults
from foreign.names import FORGED, shown

TEXT_LIMIT = 25_000
_DEFECTS = ("Traceback", "defect", "object at 0x")
_BARE = re.compile(r"Error executing tool \w+\W*")


def check_structure(ask: Asker, answer: Answer) -> None:
    """Bounded text without a forged line, and a sentence for an error. The client itself holds structured content
    against the schema that the tool declares: what violates it comes to no answer.
    """
    faults, asked = ask.faults, answer.asked
    told = answer.tool
    faults.check(len(answer.text) <= TEXT_LIMIT, f"{told}: text too long", f"{asked}: {len(answer.text)}")
    faults.check(bool(answer.text.strip()), f"{told}: no text", asked)
    faults.check(not _BARE.fullmatch(answer.text), f"{told}: crashed", asked)
    for defect in _DEFECTS if answer.is_error else ():
        faults.check(defect not in answer.text, f"{told}: {defect}", f"{asked}: {answer.text[:300]}")
    _check_lines(faults, answer)
    if answer.is_error:
        faults.check(
            len(answer.text) >= 20, f"{told}: an error without a sentence", f"{asked}: {answer.text}"
        )


def _check_lines(faults: Faults, answer: Answer) -> None:
    for line in answer.text.split("\n"):
        bare = line.lstrip(" -|\t")
        if not faults.check(
            not bare.startswith(FORGED),
            f"{answer.tool}: a name starts a line",
            f"{answer.asked}: {line[:120]!r}",
        ):
            return
        odd = [char for char in line if not char.isprintable() and not _harmless(char)]
        if not faults.check(
            not odd,
            f"{answer.tool}: characters that nobody sees",
            f"{answer.asked}: {odd[:3]!r} in {line[:120]!r}",
        ):
            return
    if (
        answer.rows
        and not answer.is_error
        and "(cut here" not in answer.text
        and "detail" not in answer.arguments
    ):
        _check_table(faults, answer)


def _check_table(faults: Faults, answer: Answer) -> None:
    """A header, and a line of as many cells for each item."""
    lines = answer.text.split("\n")
    if lines[0].startswith("{"):
        return  # whole objects, each as JSON
    width = lines[0].count(" | ")
    rows = lines[1 : 1 + len(answer.rows)]
    even = len(rows) == len(answer.rows) and all(row.count(" | ") == width for row in rows)
    faults.check(even, f"{answer.tool}: cells of a table are broken", f"{answer.asked}: {lines[:3]!r:.300}")
    for row, item in zip(rows, answer.rows, strict=False):
        told = all(
            shown(item.get(field)) in shown(row)
            for field in ("id", "name")
            if isinstance(item.get(field), str)
        )
        faults.check(
            told, f"{answer.tool}: the text lacks what the structure has", f"{answer.asked}: {row!r:.200}"
        )


def _harmless(char: str) -> bool:
    """A space of any width, or one of the joiners with which scripts and emoji are written."""
    return char in "\u200c\u200d" or unicodedata.category(char) == "Zs"
