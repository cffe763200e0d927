"""What changed between two surfaces, sorted: a change is breaking if a call or a reader that was right no longer is.

What a tool takes may grow and must not shrink; what it answers may gain fields and must not lose or loosen any. A
value that joins an enum of an answer counts as compatible, since readers have to expect values that they do not know.
A changed default is breaking: the same call does something else. Wording is no part of the contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from aep_flow_mcp.surface.schema import written_out

Card = Mapping[str, Any]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One change. `part` is an argument (`operations[].path`), `-> field` of the answer, or empty: the tool itself."""

    tool: str
    part: str
    what: str
    breaking: bool

    @property
    def subject(self) -> str:
        """`delete_flow`, `delete_flow.flow`, `find_flows -> flows[].id`."""
        separator = " " if self.part.startswith("->") else "."
        return f"{self.tool}{separator}{self.part}" if self.part else self.tool


class _Side(Enum):
    TAKEN = auto()
    ANSWERED = auto()


class _Step(Enum):
    """What a change of a schema does to the set of values that it allows."""

    SMALLER = auto()
    LARGER = auto()
    OTHER = auto()
    MORE_CHOICES = auto()


_Found = Iterator[tuple[str, str, _Step]]
_BREAKING = {
    _Side.TAKEN: {_Step.SMALLER, _Step.OTHER},
    _Side.ANSWERED: {_Step.LARGER, _Step.OTHER},
}
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
_WORDS = ("title", "description", "examples", "deprecated", "$comment")
_READ = {
    "type",
    "enum",
    "const",
    "anyOf",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "default",
}
_ANY = "any"
_LEFT_OUT = "left out, it is"
_HINTS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
"""Each hint's harmless value: hosts may let such calls pass without asking."""


def differences(
    old: Iterable[Card], new: Iterable[Card], former_names: Mapping[str, str] | None = None
) -> list[Difference]:
    """Everything that differs, in the order of the tools' names.

    Args:
        old: the cards of the last release.
        new: the cards of now.
        former_names: former name of an argument -> its present one, as `surface/arguments.py` accepts them.
    """
    before, now = {card["name"]: card for card in old}, {card["name"]: card for card in new}
    found: list[Difference] = []
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            found.append(Difference(name, "", "is gone", breaking=True))
        elif name not in before:
            found.append(Difference(name, "", "is new", breaking=False))
        else:
            found += _of_tool(before[name], now[name], former_names or {})
    return found


def _of_tool(old: Card, new: Card, former_names: Mapping[str, str]) -> Iterator[Difference]:
    name = old["name"]
    if old["toolset"] != new["toolset"]:
        what = f"moved from the toolset {old['toolset']} to {new['toolset']}"
        yield Difference(name, "", what, breaking=True)
    if old["writes"] != new["writes"]:
        what = "writes now" if new["writes"] else "only reads now"
        yield Difference(name, "", what, breaking=bool(new["writes"]))
    for hint, harmless in _HINTS.items():
        was, is_now = old["hints"].get(hint), new["hints"].get(hint)
        if was != is_now:
            what = f"{hint} is {json.dumps(is_now)}, was {json.dumps(was)}"
            yield Difference(name, "", what, breaking=is_now is not harmless)
    taken, renamed = _under_present_names(name, old["input"], new["input"], former_names)
    for before, present in renamed.items():
        yield Difference(name, before, f"is called {present}; the former name is accepted", breaking=False)
    for path, what, step in _compared(taken, new["input"], _Side.TAKEN, ""):
        yield Difference(name, path, what, breaking=step in _BREAKING[_Side.TAKEN])
    yield from _of_answers(name, old.get("output"), new.get("output"))


def _of_answers(name: str, old: Schema | None, new: Schema | None) -> Iterator[Difference]:
    if old is None and new is None:
        return
    if old is None or new is None:
        what = "promises no structure any more" if new is None else "promises a structure"
        yield Difference(name, "->", what, breaking=new is None)
        return
    for path, what, step in _compared(written_out(dict(old)), written_out(dict(new)), _Side.ANSWERED, ""):
        yield Difference(name, f"-> {path}".rstrip(), what, breaking=step in _BREAKING[_Side.ANSWERED])


def _under_present_names(
    tool: str, old: Schema, new: Schema, former_names: Mapping[str, str]
) -> tuple[Schema, dict[str, str]]:
    """The old arguments under the names that they have now, where the former ones are still accepted."""
    before, now = old.get("properties", {}), new.get("properties", {})
    renamed = {}
    for name in before.keys() - now.keys():
        present = former_names.get(f"{tool}.{name}") or former_names.get(name)
        if present in now and present not in before:
            renamed[name] = present
    if not renamed:
        return old, {}
    properties = {renamed.get(name, name): schema for name, schema in before.items()}
    required = [renamed.get(name, name) for name in old.get("required", [])]
    return {**old, "properties": properties, "required": required}, dict(sorted(renamed.items()))


def _compared(old: Schema, new: Schema, side: _Side, path: str) -> _Found:
    """What differs between two schemas at a path, with what it does to the values that they allow."""
    # As JSON: in Python 1 is True.
    was, now = (json.dumps(node.get("default")) for node in (old, new))
    if side is _Side.TAKEN and was != now:
        yield path, f"{_LEFT_OUT} {now} and was {was}", _Step.OTHER
    unread = any(old.get(key) != new.get(key) for key in old.keys() | new.keys() if not _is_read(key))
    mixed = _is_mixed(old) or _is_mixed(new)
    if unread or (mixed and _bare(old) != _bare(new)):
        yield path, "changed in a way that this check does not read", _Step.OTHER
        return
    before, now_ = _alternatives(old), _alternatives(new)
    if (_ANY in before) != (_ANY in now_) and any(map(_is_conditioned, (before | now_)[_ANY])):
        yield (
            path,
            "has or had conditions and no type, which this check does not compare with types",
            _Step.OTHER,
        )
        return
    yield from _types(set(before), set(now_), path)
    for kind in sorted(before.keys() & now_.keys()):
        yield from _of_kind(before[kind], now_[kind], side, path)
    if "number" in now_ and "integer" in before and "number" not in before and "integer" not in now_:
        yield from _of_kind(before["integer"], now_["number"], side, path)
    if "number" in before and "integer" in now_ and "integer" not in before and "number" not in now_:
        yield from _of_kind(before["number"], now_["integer"], side, path)


def _is_conditioned(node: Schema) -> bool:
    """Whether a schema without a type allows less than everything."""
    return bool(node.keys() - {"default", *_WORDS})


def _is_read(key: str) -> bool:
    return key in _READ or key in _LOWER or key in _UPPER or key in _EXACT or key in _WORDS


def _is_mixed(node: Schema) -> bool:
    """Branches beside further conditions, which hold together: no single list of forms says the same."""
    branches = node.get("anyOf", [])
    beside = node.keys() - {"anyOf", "default", *_WORDS}
    return bool(branches and beside) or any(map(_is_mixed, branches))


def _alternatives(node: Schema) -> dict[str, list[Schema]]:
    """The schemas that a value may fit, by their type; `any` for one that names none."""
    if "anyOf" in node:
        merged: dict[str, list[Schema]] = {}
        for branch in node["anyOf"]:
            for kind, schemas in _alternatives(branch).items():
                merged.setdefault(kind, []).extend(schemas)
        return merged
    kinds = node.get("type", _ANY)
    return {kind: [node] for kind in ([kinds] if isinstance(kinds, str) else kinds)}


def _types(old: set[str], new: set[str], path: str) -> _Found:
    gone, come = old - new, new - old
    if gone == {"integer"} and "number" in new:
        gone, come = set(), come or {"number"}
    if come == {"integer"} and "number" in old:
        come = set()
        gone = gone or {"number"}
    if _ANY in come:
        yield path, "may be of any type", _Step.LARGER
    elif _ANY in gone:
        yield path, f"must be {_list(new)}", _Step.SMALLER
    else:
        if gone:
            yield path, f"may no longer be {_list(gone)}", _Step.SMALLER
        if come:
            yield path, f"may be {_list(come)}", _Step.LARGER


def _list(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


def _of_kind(old: list[Schema], new: list[Schema], side: _Side, path: str) -> _Found:
    if len(old) == len(new) == 1:
        yield from _of_one(old[0], new[0], side, path)
        return
    before, now = ({json.dumps(_bare(node), sort_keys=True): node for node in nodes} for nodes in (old, new))
    if before.keys() - now.keys():
        yield path, "one of its forms is gone or another", _Step.SMALLER
    if now.keys() - before.keys():
        yield path, "has a further form", _Step.LARGER


def _bare(node: Any) -> Any:
    """A schema without its wording."""
    if isinstance(node, Mapping):
        return {
            key: _bare(value)
            for key, value in node.items()
            if key not in _WORDS or not isinstance(value, str)
        }
    return [_bare(item) for item in node] if isinstance(node, list) else node


def _of_one(old: Schema, new: Schema, side: _Side, path: str) -> _Found:
    yield from _choices(old, new, path)
    yield from _bounds(old, new, path)
    yield from _members(old, new, side, path)
    yield from _open(old.get("additionalProperties", True), new.get("additionalProperties", True), side, path)
    before, now = old.get("items", {}), new.get("items", {})
    if before != now:
        yield from _compared(before, now, side, f"{path}[]")


def _choices(old: Schema, new: Schema, path: str) -> _Found:
    before, now = _enum(old), _enum(new)
    if before is None and now is not None:
        yield path, f"must be one of {', '.join(now)}", _Step.SMALLER
    elif before is not None and now is None:
        yield path, "is no longer one of a list", _Step.LARGER
    elif before is not None and now is not None:
        if gone := [value for value in before if value not in now]:
            yield path, f"may no longer be {', '.join(gone)}", _Step.SMALLER
        if come := [value for value in now if value not in before]:
            yield path, f"may be {', '.join(come)}", _Step.MORE_CHOICES


def _enum(node: Schema) -> list[str] | None:
    values = [node["const"]] if "const" in node else node.get("enum")
    return None if values is None else [json.dumps(value, ensure_ascii=False) for value in values]


def _bounds(old: Schema, new: Schema, path: str) -> _Found:
    for key in (*_LOWER, *_UPPER):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        tighter = was is None or (now is not None and (now > was) == (key in _LOWER))
        yield (
            path,
            f"{key} is {json.dumps(now)}, was {json.dumps(was)}",
            _Step.SMALLER if tighter else _Step.LARGER,
        )
    for key in _EXACT:
        was, now = old.get(key), new.get(key)
        if was != now:
            step = _Step.LARGER if now is None else _Step.SMALLER if was is None else _Step.OTHER
            yield path, f"{key} is {json.dumps(now)}, was {json.dumps(was)}", step


def _members(old: Schema, new: Schema, side: _Side, path: str) -> _Found:
    before, now = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_now = set(old.get("required", [])), set(new.get("required", []))
    taken = side is _Side.TAKEN
    for name in [*before, *(name for name in now if name not in before)]:
        inner = f"{path}.{name}" if path else name
        if name not in now:
            yield inner, "is gone", _Step.OTHER
        elif name not in before:
            must = taken and name in needed_now
            step = _Step.OTHER if must else _Step.LARGER if taken else _Step.SMALLER
            yield inner, "is new and must be given" if must else "is new", step
            held = old.get("additionalProperties", True)
            if taken and held is not False:
                # What is declared now could be sent before as well, and as whatever was allowed then.
                declared = {key: value for key, value in now[name].items() if key != "default"}
                yield from _compared({} if held is True else held, declared, side, inner)
        else:
            if name in needed_now - needed_before:
                yield inner, "must be given" if taken else "is always there", _Step.SMALLER
            if name in needed_before - needed_now:
                yield inner, "may be left out" if taken else "may be missing", _Step.LARGER
            for found in _compared(before[name], now[name], side, inner):
                # Nobody could leave out before what had to be given.
                if not (name in needed_before and found[0] == inner and found[1].startswith(_LEFT_OUT)):
                    yield found
    for name in sorted(needed_now - needed_before - now.keys() - before.keys()):
        yield (
            f"{path}.{name}" if path else name,
            "must be given" if taken else "is always there",
            _Step.SMALLER,
        )


def _open(old: Any, new: Any, side: _Side, path: str) -> _Found:
    """`additionalProperties`: true or absent is anything, false is nothing, else a schema."""
    inner = f"{path}.*" if path else "*"
    before, now = ({} if node is True else node for node in (old, new))
    if before is False and now is False:
        return
    if now is False:
        yield (
            inner,
            "takes no further members" if side is _Side.TAKEN else "has no further members",
            _Step.SMALLER,
        )
    elif before is False:
        yield (
            inner,
            "takes further members" if side is _Side.TAKEN else "may have further members",
            _Step.LARGER,
        )
    elif before != now:
        yield from _compared(before, now, side, inner)
