"""Texts laid out by chance: the same value with any white space, comments and trailing commas around its parts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_NAMES = st.one_of(
    st.sampled_from(["a", "b", "command", "env", "args", "x y", "é", "日本", '"', "\\", "//", "#"])
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from(["", "x", "/* */", "// y", "},", "C:\\u", "é\n"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def json_texts(draw: st.DrawFn, key: str) -> tuple[str, Any]:
    """A JSON text with comments whose list of servers holds at least one, and the value that it says."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    gaps = st.sampled_from(
        ["", "", "", " ", newline, newline + "  ", newline + "\t\t", "/* , } */", f" // ], {{{newline}"]
    )
    value = {
        **draw(st.dictionaries(_NAMES, VALUES, max_size=2)),
        key: draw(st.dictionaries(_NAMES, VALUES, min_size=1, max_size=3)),
        **draw(st.dictionaries(_NAMES.map(str.upper), VALUES, max_size=1)),
    }
    return f"{draw(gaps)}{_json(draw, gaps, value)}{draw(gaps)}", value


def _json(draw: st.DrawFn, gaps: st.SearchStrategy[str], value: Any) -> str:
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    parts = (
        [
            f"{json.dumps(key)}{draw(gaps)}:{draw(gaps)}{_json(draw, gaps, item)}"
            for key, item in value.items()
        ]
        if isinstance(value, dict)
        else [_json(draw, gaps, item) for item in value]
    )
    spread = [f"{draw(gaps)}{part}{draw(gaps)}" for part in parts]
    comma = draw(st.booleans())
    trailing = f",{draw(gaps)}" if parts and comma else ""
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{','.join(spread)}{trailing}{closing}" if parts else f"{opening}{draw(gaps)}{closing}"


_TOML_LINES = [
    "",
    "# [mcp_servers.aep-flow]",
    "   # indented",
]
_TOML_PARTS = [
    '[mcp_servers.other]\ncommand = "x" # c\nargs = [\n  "[a]", # ]\n  "b",\n]\n',
    "[mcp_servers.'o.2'.env]\nA = \"#\"\n",
    "[[hooks]]\nx = [[1], [2]]\n",
    '[profiles."mcp_servers"]\ns = """\n[z]\n\\"\\"\\"\n"""\n',
    "  [indented] # header\n  a.b = {c = '}'}\n",
    "[t]\nl = '''\n[mcp_servers.aep-flow]\n'''\n",
]


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    """A TOML text of tables in any order, with comments and blank lines between."""
    parts = draw(st.permutations(_TOML_PARTS))[: draw(st.integers(0, len(_TOML_PARTS)))]
    pieces = [draw(st.sampled_from(["", 'model = "x"\n', "a.b = 1\n"]))]
    for part in parts:
        pieces += [line + "\n" for line in draw(st.lists(st.sampled_from(_TOML_LINES), max_size=3))] + [part]
    text = "".join(pieces) + draw(st.sampled_from(["", "\n\n", "# end\n"]))
    text = text if draw(st.booleans()) else text.removesuffix("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """A YAML text whose `extensions` hold at least one member, in any indent, with comments and blank lines."""
    unit = " " * draw(st.integers(1, 5))
    blank = st.lists(st.sampled_from(["", "# c", unit + "# c: d", unit * 2 + "# - e", unit]), max_size=2)
    members = [
        ["x:", unit + "cmd: x # y", unit + "args:", unit + "- a", unit + "-  'b: #'"],
        ["'q q': {cmd: x, args: [a, b]} # flow"],
        ["t:", unit + "description: |", unit * 2 + "two", "", unit * 2 + "lines"],
        ["n:"],
        ["f: >-", unit + "folded", unit + "text"],
        ["p: plain", unit + "over lines"],
    ]
    lines = [
        *draw(blank),
        draw(st.sampled_from(["GOOSE_MODEL: x", "---", "# first"])),
        *draw(blank),
        "extensions:",
    ]
    for member in draw(st.permutations(members))[: draw(st.integers(1, len(members)))]:
        lines += [*draw(blank), *(unit + line if line else line for line in member)]
    lines += draw(blank)
    lines += draw(st.sampled_from(["", "z: 1", "z:\n- 1", "..."])).splitlines()
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text
