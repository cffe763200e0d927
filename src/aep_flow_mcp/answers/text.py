"""What tools answer with, and how it becomes compact text.

`structured_content` is the model; `content` is the same in as few words as it takes: a table for a list, short
lines for an object. Text of the organisation is data: it is cleaned of control and invisible characters and
cannot start a line of its own, so it never reads as this server's words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel

from aep_flow_mcp.platform.models.text import clean_text

TEXT_LIMIT = 25_000
"""Characters of text in one answer; past that it is cut at an item boundary and says how to get the rest."""

_FOOT = 2_000
"""Characters that the header, the notes and the cursor of a list take at most."""
BAR = "¦"
"""Stands in a cell for the sign between columns."""
_NAMED = 20
"""Parts of an empty object that are named."""
_PLAIN_NAME = re.compile(r"[\w$@:/.-]+")

OF_PIECES = ("more", "cursors", "further", "unanswered")
"""Fields of an answer that are told beside its lists, or behind it."""
RowT = TypeVar("RowT", bound=BaseModel)


class Answer(BaseModel):
    """An object: rendered as `field: value` lines, lists of models as tables. None is left out."""

    model_config = ConfigDict(frozen=True)

    verbatim: ClassVar[frozenset[str]] = frozenset()
    """Members that have nothing to clean, and whose white space means something."""
    _view: tuple[str, Callable[[], Any]] | None = PrivateAttr(default=None)
    _picture: Callable[[], str] | None = PrivateAttr(default=None)

    def beside(
        self, *, view: tuple[str, Callable[[], Any]] | None = None, picture: Callable[[], str] | None = None
    ) -> Self:
        """The same answer, with what a person's screen gets besides: text and structure stay what they are.

        view: under which name of `_meta`, and what an app needs beyond the structure. picture: an SVG.
        """
        self._view, self._picture = view, picture
        return self


class Whole(RootModel[dict[str, Any]]):
    """An object as the API gives it, as an item of a list with `detail="full"`: `Listing[Row | Whole]`."""


class InPieces(Answer):
    """An answer whose lists may be cut: then `more` says how many rows a list has in all, and `cursors` has what gets
    the next of them from the same tool and arguments."""

    more: dict[str, int] = Field(default_factory=dict)
    cursors: dict[str, str] = Field(default_factory=dict)

    def told(self, name: str, shown: int) -> str:
        """How many rows of a list are shown, of how many, and how to get the next."""
        of = f" of {self.more[name]}" if name in self.more else ""
        cursor = f", more: cursor={self.cursors[name]}" if name in self.cursors else ""
        return f"{shown}{of}{cursor}"


class Several(InPieces):
    """An answer about one thing, and about the further ones that were asked for with it: `unanswered` says by what was
    asked why something is not among them. Lists that are cut go on when their thing is asked for alone."""

    further: list[Any] = Field(default_factory=list)
    unanswered: dict[str, str] = Field(default_factory=dict)


class Listing(Answer, Generic[RowT]):
    """A list: one table row an item. `next_cursor` gets the next page from the same tool and arguments; `total` is
    how many there are in all, where that is known and not all are shown.

    With `count` (only asked for, so without items) it says how many there are.
    """

    items: list[RowT]
    count: int | None = None
    total: int | None = None
    next_cursor: str | None = None
    note: str | None = None


class Record(Answer):
    """One object as the API gives it: secrets masked, times ISO 8601 in UTC."""

    item: dict[str, Any]
    note: str | None = None


class NamedRef(BaseModel):
    """Something by id and name."""

    id: str
    name: str | None = None


# --- cleaning ---------------------------------------------------------------------------------------------


def clean(value: Any) -> Any:
    """The same JSON with every text cleaned, keys included. Line breaks stay: JSON escapes them."""
    if isinstance(value, str):
        return "\n".join(map(clean_text, value.split("\n")))
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    return value


# --- rendering --------------------------------------------------------------------------------------------


def render(answer: BaseModel) -> str:
    """The text of an answer, at most `TEXT_LIMIT` characters."""
    if isinstance(answer, Several) and (answer.further or answer.unanswered):
        return _bounded(_side_by_side(answer), [], "Ask for fewer at a time.")
    if callable(getattr(answer, "text", None)):
        return _bounded(_own_lines(answer), [], "Ask for less: a narrower filter or a smaller limit.")
    if isinstance(answer, Listing):
        return _listing(answer)
    if isinstance(answer, Record):
        lines = [
            f"{_label(key)}: {_cell(value)}"
            for key, value in answer.item.items()
            if value not in (None, [], {})
        ]
        lines = lines or [_empty(answer.item)]
        return _bounded(lines, _notes(answer.note, None), "The object is longer than one answer can be.")
    return _bounded(object_lines(answer), [], "The answer is longer than one answer can be: ask for less.")


def _own_lines(answer: BaseModel) -> list[str]:
    text = getattr(answer, "text", None)
    return str(text()).split("\n") if callable(text) else object_lines(answer)


def _side_by_side(answer: Several) -> list[str]:
    lines = _own_lines(answer)
    for each in answer.further:
        lines += ["", *_own_lines(each)]
    if answer.unanswered:
        lines += ["", "not answered:"]
        lines += [f"  {clean_text(asked)}: {clean_text(why)}" for asked, why in answer.unanswered.items()]
    if any(each.more for each in (answer, *answer.further)):
        lines.append("Lists that are cut go on when their thing is asked for alone.")
    return lines


def _listing(answer: Listing[Any]) -> str:
    foot = _notes(
        answer.note, answer.next_cursor, f"{len(answer.items)} of {answer.total}. " if answer.total else ""
    )
    if answer.count is not None:
        return "\n".join([f"count: {answer.count}", *foot])
    if not answer.items:
        return "\n".join(["No items.", *foot])
    if isinstance(answer.items[0], Whole):
        lines = [_compact(item.root) for item in answer.items]
    else:
        lines = table(answer.items)
    return _bounded(lines, foot, "Ask again with a smaller limit, or get one by its id.")


def count_shown(items: list[Any]) -> int:
    """How many items of a list its text has room for."""
    room = TEXT_LIMIT - _FOOT
    lines = (
        [_compact(item.root) for item in items] if items and isinstance(items[0], Whole) else table(items)[1:]
    )
    for count, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return count
    return len(items)


def table(rows: list[Any]) -> list[str]:
    """A header and a line a row; columns that no row fills are left out, and ids that go without saying.

    A row's class says in `named_by` which of its ids goes without saying where another field is filled in all rows
    that have the id: it stands in the structure only.
    """
    if not rows:
        return []
    dumped = [row.model_dump(mode="json") for row in rows]
    named = {
        id: name for id, name in _named_by(rows[0]).items() if all(row[name] or not row[id] for row in dumped)
    }
    columns = [
        name
        for name in dumped[0]
        if name not in named and any(row[name] not in (None, [], {}) for row in dumped)
    ]
    lines = [" | ".join(columns)]
    lines.extend(" | ".join(_cell(row[name]).replace("|", BAR) for name in columns) for row in dumped)
    return lines


def _named_by(row: BaseModel) -> Mapping[str, str]:
    named: Mapping[str, str] = getattr(type(row), "named_by", {})
    return named


def object_lines(answer: BaseModel, indent: str = "") -> list[str]:
    """`field: value` lines; a nested model is indented, a list of models is a table."""
    lines: list[str] = []
    cut = answer if isinstance(answer, InPieces) else None
    for name in type(answer).model_fields:
        value = getattr(answer, name)
        if value is None or value == [] or value == {} or (cut and name in OF_PIECES):
            continue
        number = cut.told(name, len(value)) if cut and isinstance(value, list) else _number(value)
        if isinstance(value, BaseModel):
            lines.append(f"{indent}{name}:")
            lines.extend(object_lines(value, indent + "  "))
        elif isinstance(value, list) and isinstance(value[0], BaseModel):
            lines.append(f"{indent}{name} ({number}):")
            shown = _blocks(value) if any(map(_has_parts, value)) else table(value)
            lines.extend(f"{indent}  {line}" for line in shown)
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            lines.append(f"{indent}{name} ({number}):")
            lines.extend(f"{indent}  {_compact(item)}" for item in value)
        else:
            plain = answer.model_dump(mode="json", include={name})[name]
            of = f" ({number})" if cut and name in cut.more else ""
            lines.append(f"{indent}{name}{of}: {_cell(plain)}")
    return lines


def _number(value: object) -> str:
    return str(len(value)) if isinstance(value, list) else ""


def _empty(item: dict[str, Any]) -> str:
    """What there is to say of an object without anything in it: an answer is never a blank."""
    names = ", ".join(map(_label, list(item)[:_NAMED]))
    return f"Nothing in it: {names or 'it has no parts'}{', ...' if len(item) > _NAMED else ''}."


def _blocks(items: list[BaseModel]) -> list[str]:
    """Objects with parts of their own do not fit a table: lines each, the first with a dash."""
    lines: list[str] = []
    for item in items:
        own = object_lines(item)
        lines.extend(f"{'  ' if index else '- '}{line}" for index, line in enumerate(own))
    return lines


def _has_parts(item: BaseModel) -> bool:
    values = (getattr(item, name) for name in type(item).model_fields)
    firsts = (value[0] if isinstance(value, list) and value else value for value in values)
    return any(isinstance(value, BaseModel) for value in firsts)


def _cell(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean_text(value) or '""'
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return clean_text(", ".join(map(str, value))) or '""'
    if isinstance(value, dict | list):
        return _compact(value)
    return str(value)


def _label(name: str) -> str:
    """A key of the organisation's before its value: one that could pass for more than a name is quoted."""
    return name if _PLAIN_NAME.fullmatch(name) else _compact(name)


def _compact(value: Any) -> str:
    return json.dumps(clean(value), ensure_ascii=False, separators=(",", ":"))


def _notes(note: str | None, next_cursor: str | None, shown: str = "") -> list[str]:
    lines = [note] if note else []
    if next_cursor:
        lines.append(f"{shown}More: call again with cursor={next_cursor}")
    return lines


def _bounded(lines: list[str], foot: list[str], advice: str) -> str:
    """Cut between lines, never inside one, unless a single line is too long by itself."""
    room = TEXT_LIMIT - sum(len(line) + 1 for line in foot) - len(advice) - 80
    kept: list[str] = []
    for index, line in enumerate(lines):
        if len(line) + 1 > room:
            rest = len(lines) - index
            if not kept:
                kept.append(line[:room])
                rest -= 1
            kept.append(f"(cut here: {rest} more lines. {advice})" if rest else f"(cut here. {advice})")
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join([*kept, *foot])
