"""docs/messages.md and docs/error-codes.md: every sentence that the product can say when something is wrong.

The sentences are read off the source: texts of four words and more (of three where they are raised or
hold a value, for which `…` stands). What a tool's schema or a command's help says is left out, and so is what is no
sentence: patterns, styles, word lists.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "aep_flow_mcp"
CODES = PACKAGE / "platform" / "models" / "error_codes.json"
WORDS, WORDS_WITH_A_MARK, WORDS_RAISED = 4, 3, 3

AREAS: dict[str, tuple[str, str]] = {
    "Start and settings": (
        "What stops the start, or is said at the start.",
        "settings.py environment.py server.py app.py serving/ prompts.py surface/selection.py guard/__init__.py "
        "guard/execution/locking.py guard/execution/audit.py guard/execution/tail.py",
    ),
    "Sign-in": (
        "Credentials and tokens.",
        "platform/auth.py platform/credentials.py platform/config.py profiles credentials",
    ),
    "Callers over HTTP": (
        "Who may call a server that several people share.",
        "serving/signing_in/ serving/approvals/ serving/limits.py serving/http_app.py serving/asgi.py callers.py "
        "store/",
    ),
    "Network": (
        "A request that did not arrive, or an answer that did not.",
        "platform/wire/ platform/transport.py platform/waiting/ platform/urls.py platform/concurrency.py "
        "platform/cache.py surface/patience.py",
    ),
    "Adobe's refusals": (
        "An answer of Adobe's that is an error, or not what was expected. The codes have a page of their own: "
        "[error codes](error-codes.md).",
        "platform/",
    ),
    "Calls and arguments": (
        "A call that does not fit a tool.",
        "surface/ half_characters.py resources.py completions.py asking/",
    ),
    "Causes that a diagnosis names": (
        "What `diagnose_flow` and `pipeline_health` find, and the fix.",
        "insight/",
    ),
    "Reading": (
        "What questions and lists say when something is missing or was cut.",
        "gathering/ answers/ tools/",
    ),
    "Planning": (
        "What is missing or wrong before anybody is asked, and what a preview warns of.",
        "pipelines/ planning/",
    ),
    "Approval": (
        "Whether a change may be sent, and who says so.",
        "guard/approval/ guard/gate.py guard/policy.py guard/secrets.py guard/call.py guard/tool.py",
    ),
    "The policy": ("What a policy file lacks, and what it does not allow.", "guard/rules/"),
    "The audit log": (
        "What `audit verify` says of lines.",
        "guard/execution/verifying.py guard/execution/breaks.py",
    ),
    "Writing": ("How a change ended, and what may be left of it.", "guard/"),
    "Snapshot": ("The command `snapshot`, and servers that run on one.", "snapshots/ snapshot_command.py"),
    "Board": ("The command `board`, its page and its file.", "board/"),
    "Commands": ("`doctor`, `configure`, `audit unfinished` and the others.", ""),
}
"""Where one meets a sentence: what the section says, and the files whose sentences stand there.

The longest beginning of a file's name decides; what no area names stands under the last.
"""

_NOT_SAID = ("emulator/", "apps/", "demo.py", "logs.py", "surface/tables.py")
_LISTS_OF_WORDS = (
    "surface/discovery.py",
    "insight/search.py",
    "pipelines/connectors.py",
    "platform/redaction/",
)
_DESCRIBING = {"Field", "Option", "Argument", "Typer", "PromptArgument", "ToolAnnotations", "cast"}
_NO_SENTENCE = re.compile(
    r"\(\?|\.\{|\\b|\w\|\w|^<|</|\{margin|charset=|-src |^application/|^[^a-zA-Z…]*$|^%s|%s$| %s |"
    r"^Context\[|HttpOnly|^import |^camera=|system-ui|\{font:|^frame-ancestors|stroke-width"
)
_LONGEST = 1_000
"""The instructions that a client gets at the start are longer."""


def sentences() -> dict[str, list[str]]:
    """By area, in the order of the source, each once in its area."""
    found: dict[str, dict[str, None]] = {area: {} for area in AREAS}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(_NOT_SAID):
            for text, raised in _texts(ast.parse(path.read_text("utf-8"))):
                if _is_said(text, name, raised=raised):
                    found[_area(name)][text] = None
    return {area: list(texts) for area, texts in found.items() if texts}


def _area(name: str) -> str:
    fitting = [
        (len(prefix), area)
        for area, (_, prefixes) in AREAS.items()
        for prefix in prefixes.split() or [""]
        if name.startswith(prefix)
    ]
    return max(fitting)[1]


def _texts(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Texts that are values, and whether they are raised: no docstring, no description of a parameter, and no part of
    a longer text."""
    left_out = {
        id(part)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Call) and _called(node) in _DESCRIBING)
        or (isinstance(node, ast.keyword) and node.arg in ("description", "help"))
        for part in ast.walk(node)
    }
    yield from _below(tree, left_out, raised=False)


def _below(node: ast.AST, left_out: set[int], *, raised: bool) -> Iterator[tuple[str, bool]]:
    if id(node) in left_out:
        return
    text = _text(node)
    raised = raised or isinstance(node, ast.Raise)
    if text is None:
        for child in ast.iter_child_nodes(node):
            yield from _below(child, left_out, raised=raised)
        return
    yield " ".join(text.split()), raised
    for part in ast.walk(node):
        if isinstance(part, ast.FormattedValue):
            yield from _below(part.value, left_out, raised=raised)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _text(node: ast.AST) -> str | None:
    """A text with `…` for each value in it; None for what is no text."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)  # type: ignore[misc]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            texts = (_text(left), _text(right))
            return None if texts == (None, None) else "".join("…" if text is None else text for text in texts)
    return None


def _is_said(text: str, name: str, *, raised: bool) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", text)
    marked = any(mark in text for mark in "….:,;")
    least = WORDS_RAISED if raised else WORDS_WITH_A_MARK if marked else WORDS
    if len(words) < least or len(text) > _LONGEST or " " not in text or _NO_SENTENCE.search(text):
        return False
    return marked or text != text.lower() or not name.startswith(_LISTS_OF_WORDS)


_MESSAGES = """\
# Messages

Every sentence that the server and its commands can say when something is missing, wrong or uncertain, by where
one meets it. `…` stands for what is filled in: search for the words around it. Parts of sentences are here as well,
since some are put together. What to do is most often in the sentence;
[Troubleshooting](troubleshooting.md) begins with what you see.

Made by `make pages` from the code.
"""


def messages_page() -> str:
    """docs/messages.md."""
    parts = [_MESSAGES]
    for area, texts in sentences().items():
        parts += [f"\n## {area}\n\n{AREAS[area][0]}\n\n", *(f"- {_plain(text)}\n" for text in texts)]
    return "".join(parts)


def _plain(text: str) -> str:
    """Words that Markdown leaves as they are."""
    return re.sub(r"([\\*\[\]])", r"\\\1", text).replace("<", "&lt;")


_ISSUERS = {
    "ims": ("IMS", "The sign-in."),
    "gateway": ("The gateway", "It stands before every service of Platform."),
    "flow-service": ("Flow Service", "Connections, flows and runs."),
    "sources": ("Sources", "What the other systems answered, as Flow Service passes it on."),
    "run": ("Runs", "In the errors of a run."),
    "schema-registry": ("Schema Registry", "Schemas and their parts."),
}


_CODES = """\
# Error codes

Adobe's error codes as answers and diagnoses explain them, by who gives them. The last column names Adobe's
page: a path in AdobeDocs/experience-platform.en where it begins with `help/`.

Made by `make pages` from `src/aep_flow_mcp/platform/models/error_codes.json`.
"""
_COLUMNS = ("meaning", "cause", "fix", "source")


def codes_page() -> str:
    """docs/error-codes.md."""
    codes: list[dict[str, Any]] = json.loads(CODES.read_text("utf-8"))
    parts = [_CODES]
    for issuer in dict.fromkeys(row["issuer"] for row in codes):
        title, about = _ISSUERS[issuer]
        parts.append(
            f"\n## {title}\n\n{about}\n\n| code | {' | '.join(_COLUMNS)} |\n| --- | --- | --- | --- | --- |\n"
        )
        parts += [_row(row) for row in codes if row["issuer"] == issuer]
    return "".join(parts)


def _row(row: dict[str, Any]) -> str:
    cells = [f"`{row['code']}`", *(_plain(row[column]).replace("|", "\\|") for column in _COLUMNS)]
    return f"| {' | '.join(cells)} |\n"
