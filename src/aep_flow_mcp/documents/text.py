"""The text of documents: YAML in, with the line and column of each field; YAML out, into an existing text where there
is one, so that comments and the order of its fields stay. Pure.

Texts are read with PyYAML's scanner, which is fast, and by YAML 1.2's rules for what a plain word means: `no` and
`12:30` are texts. They are written with ruamel.yaml, which keeps comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import Pipeline
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.platform.models.text import is_seen

Way = tuple[str | int, ...]
SCHEMA_FILE = "pipeline.schema.json"
HEAD = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
MOST_NODES = 200_000
"""Values of one text; an alias counts as often as it is used."""
MOST_DEEP = 60
_PARSER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]{1,4000}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("+-.0123456789")
_WIDE = 1_000_000
_FLOW = frozenset({"mapping"})
"""Lists whose items are written on a line each."""


class Mark(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    """Something wrong in a text: where, in which field, and the fix."""

    file: str
    mark: Mark
    field: str
    message: str

    def __str__(self) -> str:
        about = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.mark.line}:{self.mark.column}: {about}{self.message}"


@dataclass
class Document:
    """One document of a text: the pipeline, and where each of its fields stands."""

    file: str
    number: int
    pipeline: Pipeline
    marks: dict[Way, Mark] = field(repr=False)

    @property
    def key(self) -> str:
        """What it is called where its last state is kept: its file, and its number in it."""
        return self.file if self.number == 0 else f"{self.file}#{self.number}"

    def problem(self, finding: Finding) -> Problem:
        """The finding with its place: that of the nearest field around it that the text has."""
        way = finding.way
        while way and way not in self.marks:
            way = way[:-1]
        return Problem(self.file, self.marks.get(way, Mark(1, 1)), finding.field, finding.message)


@dataclass
class Read:
    """What a text holds, and what is wrong with the rest of it."""

    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(text: str, file: str = "text") -> Read:
    """The documents of a text; a text may hold several, one after `---` each."""
    found = Read()
    for number, (value, marks) in enumerate(plain_values(text, file, found)):
        if value is None and len(marks) <= 1:
            continue
        try:
            pipeline = Pipeline.model_validate(value)
        except ValidationError as error:
            found.problems += [_invalid(file, marks, each) for each in _told(error)]
            continue
        found.documents.append(Document(file, number, pipeline, marks))
    return found


# --- reading ----------------------------------------------------------------------------------------------


class _Loader(_PARSER):  # type: ignore[misc]
    """Nodes without tags: what a plain word means is decided here (`_scalar`), and a tag says nothing of it."""

    def resolve(self, *_: Any) -> str:
        return ""

    def descend_resolver(self, *_: Any) -> None:
        """Nothing: it is called for each node."""

    ascend_resolver = descend_resolver


class _Unreadable(Exception):
    def __init__(self, mark: Any, sentence: str) -> None:
        super().__init__(sentence)
        self.mark = _mark(mark)


def plain_values(text: str, file: str, found: Read) -> Iterator[tuple[Any, dict[Way, Mark]]]:
    """Each document of a text as a plain value, and where its fields stand; what is no YAML is a problem."""
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            marks: dict[Way, Mark] = {}
            yield _Building(marks).value(node, ()), marks
    except _Unreadable as error:
        found.problems.append(Problem(file, error.mark, "", str(error)))
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        sentence = f"this is no YAML: {error.problem or error.context}."
        found.problems.append(Problem(file, _mark(at), "", sentence))
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        before = text[: position if isinstance(position, int) else 0]
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        found.problems.append(Problem(file, mark, "", "a character here cannot stand in YAML."))
    except (RecursionError, UnicodeError):
        found.problems.append(
            Problem(file, Mark(1, 1), "", "this is too deep, or holds half of a character.")
        )


class _Building:
    """Plain values of nodes, and where they stand."""

    def __init__(self, marks: dict[Way, Mark]) -> None:
        self._marks = marks
        self._count = 0

    def value(self, node: Any, way: Way) -> Any:
        self._count += 1
        if self._count > MOST_NODES or len(way) > MOST_DEEP:
            raise _Unreadable(node.start_mark, "there is too much in it: aliases that repeat each other?")
        if way not in self._marks:
            self._marks[way] = _mark(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*way, number)) for number, item in enumerate(node.value)]
        return self._mapping(node, way)

    def _mapping(self, node: Any, way: Way) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key_node, item in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Unreadable(key_node.start_mark, "a field's name is a text.")
            key = key_node.value
            if key in made:
                raise _Unreadable(key_node.start_mark, f"{key} is here for the second time.")
            self._marks[*way, key] = _mark(key_node.start_mark)
            made[key] = self.value(item, (*way, key))
        return made


def _scalar(node: Any) -> Any:
    """A plain word by YAML 1.2's core schema; a quoted one is a text. Times stay texts."""
    text: str = node.value
    if node.style:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if number not in (float("inf"), float("-inf")) else text
    return text


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)


def _told(error: ValidationError) -> list[Any]:
    """One error a field: of a field that takes several shapes, the one that says most."""
    by_way: dict[Way, Any] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        way = tuple(part for part in each["loc"] if not _is_shape(part))
        by_way.setdefault(way, each)
    return [{**each, "loc": way} for way, each in by_way.items()]


def _is_shape(part: Any) -> bool:
    """Whether a part of pydantic's way names an alternative and no field."""
    return isinstance(part, str) and (
        part in ("ById", "AccountToMake") or part.startswith(("constrained-", "str", "function-"))
    )


def _invalid(file: str, marks: Mapping[Way, Mark], error: Any) -> Problem:
    way: Way = error["loc"]
    kind = error["type"]
    message = {
        "missing": "is missing.",
        "extra_forbidden": "is no field of a pipeline; what the format has no words for goes under extra.",
        "model_type": "is no pipeline: fields with their values were expected.",
    }.get(kind, f"{error['msg'][:1].lower()}{error['msg'][1:]}.")
    finding = Finding(way, message)
    place = way
    while place and place not in marks:
        place = place[:-1]
    return Problem(file, marks.get(place, Mark(1, 1)), finding.field if way else "", message)


# --- writing ----------------------------------------------------------------------------------------------


def written(document: Mapping[str, Any], *, head: bool = True) -> str:
    """A new text of one document."""
    return f"{HEAD if head else ''}{_dumped(_styled(document))}"


def told(document: Mapping[str, Any]) -> str:
    """A text of one document for an answer: every value is on one line, and what nobody sees is written as an escape,
    so that no name looks like another, and no line is anything but a field."""
    return _BEYOND_ASCII.sub(_seen, _dumped(_styled(_on_one_line(document))))


_BEYOND_ASCII = re.compile(r"[^ -~\n]")


def _seen(char: re.Match[str]) -> str:
    point = ord(char[0])
    return char[0] if is_seen(char[0]) else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _on_one_line(value: Any) -> Any:
    """The same with quotes around texts of several lines, and around those that need escapes."""
    if isinstance(value, Mapping):
        return {_on_one_line(name): _on_one_line(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_on_one_line(item) for item in value]
    if isinstance(value, str) and not all(map(is_seen, value)):
        from ruamel.yaml.scalarstring import DoubleQuotedScalarString

        return DoubleQuotedScalarString(value)
    return value


def rewritten(text: str, document: Mapping[str, Any], number: int = 0) -> str:
    """An existing text with a document's present content: what means the same stays as it was written, comments and
    the order of fields stay, new fields come last. number: which document of the text.

    A text that is written so unusually that it would say something else afterwards is written anew.
    """
    now = list(_plain_documents(text))
    if number >= len(now):
        return f"{text.rstrip()}\n---\n{written(document, head=False)}" if text.strip() else written(document)
    if same(now[number], document):
        return text
    wanted = [*now[:number], dict(document), *now[number + 1 :]]
    merged = _merged(text, now, document, number)
    if merged is not None and same(list(_plain_documents(merged)), wanted):
        return merged
    comments = [line for line in text.split("\n---")[0].splitlines() if line.startswith("#")]
    return "".join(f"{line}\n" for line in comments) + "---\n".join(
        written(one, head=False) for one in wanted
    )


def _merged(text: str, now: Sequence[Any], document: Mapping[str, Any], number: int) -> str | None:
    from ruamel.yaml.error import YAMLError

    try:
        parts = list(_yaml().load_all(text))
        _merge(parts[number], now[number], document)
        out = StringIO()
        _yaml(text).dump_all(parts, out)
    except (YAMLError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    return out.getvalue()


def _plain_documents(text: str) -> Iterator[Any]:
    for value, _ in plain_values(text, "", Read()):
        yield value


def _merge(kept: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Put `after` into a mapping that ruamel holds, whose plain value is `before`."""
    for name in [name for name in kept if name not in after and before.get(name) is not None]:
        del kept[name]
    for name, value in after.items():
        old = before.get(name)
        if name in kept and same(old, value):
            continue
        if (
            name in kept
            and isinstance(old, Mapping)
            and isinstance(value, Mapping)
            and isinstance(kept[name], dict)
        ):
            _merge(kept[name], old, value)
        elif (
            name in kept
            and isinstance(old, list)
            and isinstance(value, list)
            and isinstance(kept[name], list)
        ):
            _merge_list(kept[name], old, value)
        else:
            kept[name] = _styled({name: value})[name]


def _merge_list(kept: Any, before: Sequence[Any], after: Sequence[Any]) -> None:
    """Items that stay keep their comments as long as they stay in their place, counted from the start."""
    start = 0
    while start < min(len(before), len(after)) and same(before[start], after[start]):
        start += 1
    fresh = [_flow_map(item) if isinstance(item, Mapping) else item for item in after[start:]]
    for place, item in enumerate(fresh, start):
        if place < len(kept):
            kept[place] = item
        else:
            kept.append(item)
    del kept[len(after) :]


def _styled(document: Mapping[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    made = CommentedMap()
    for name, value in document.items():
        if name in _FLOW and isinstance(value, list):
            made[name] = CommentedSeq([_flow_map(item) for item in value])
        else:
            made[name] = value
    return made


def _flow_map(item: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap

    if not isinstance(item, Mapping):
        return item
    made = CommentedMap(item)
    made.fa.set_flow_style()
    return made


def _dumped(value: Any) -> str:
    out = StringIO()
    _yaml().dump(value, out)
    return out.getvalue()


def _yaml(like: str = "") -> Any:
    """ruamel's reader and writer, with the indents of a text where it has any."""
    from ruamel.yaml import YAML

    found = YAML(typ="rt", pure=True)
    found.width = _WIDE
    found.preserve_quotes = True
    found.allow_unicode = True
    found.constructor.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
    found.representer.add_representer(str, _text_node)
    dash = _dash(like)
    found.indent(mapping=2, sequence=2 + dash, offset=dash)
    return found


def _dash(text: str) -> int:
    """How far the dashes of lists stand behind the name of the list: two spaces, where the text does not say."""
    match = re.search(r"^( *)[\w.]+:[ \t]*\n(?:[ \t]*#[^\n]*\n)*( *)- ", text, re.MULTILINE)
    return max(len(match[2]) - len(match[1]), 0) if match else 2


def _as_text(constructor: Any, node: Any) -> Any:
    return constructor.construct_scalar(node)


def _text_node(representer: Any, value: str) -> Any:
    """Plain where that means this text to any reader; else in quotes, in blocks where it has several lines."""
    if "\n" in value and _blocks(value):
        return representer.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    style = None if _plain_enough(value) else '"'
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_PLAIN = re.compile(
    r"(?:[^\W\d]|[_/%(]|[0-9]+ [A-Za-z])[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff:#,\[\]{}\"'`|>*!?@]*"
)
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", ".inf", ".nan"])


@cache
def _plain_enough(value: str) -> bool:
    return _PLAIN.fullmatch(value) is not None and value == value.strip() and value.casefold() not in _WORDS


def _blocks(value: str) -> bool:
    return value.isprintable() or (
        all(c.isprintable() or c == "\n" for c in value)
        and not value.startswith((" ", "\n"))
        and all(line == line.rstrip() for line in value.split("\n"))
    )
