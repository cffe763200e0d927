"""The parts of docs/pipelines-as-code.md that are made: a transcript that was run, and the reference of the format."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aep_flow_mcp.documents.schema import schema
from as_code.bed import Answers, Bed, organisation

PAGE = "pipelines-as-code.md"
_PARTS = ("transcript", "reference")
_WIDE = 118


def with_parts(page: str) -> str:
    """The page with both parts as they are now."""
    for part, text in zip(_PARTS, (transcript(), reference()), strict=True):
        begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
        head, rest = page.split(begin)
        page = f"{head}{begin}\n\n{text.strip()}\n\n{end}{rest.split(end)[1]}"
    return page


def transcript() -> str:
    """Two imports that are exported, edited, planned, applied; and a change that somebody made besides."""
    with tempfile.TemporaryDirectory() as folder:
        return "\n".join(_told(Bed(Path(folder) / "pipelines", organisation())))


def _told(bed: Bed) -> Iterator[str]:
    yield from _block(
        "export pipelines --flow 'Store POS receipts' --flow 'Web orders'",
        bed.export("Store POS receipts", "Web orders"),
    )
    yield "A file is one pipeline. This is `pipelines/store-pos-receipts.yaml`:\n"
    yield f"```yaml\n{bed.texts['store-pos-receipts.yaml'].strip()}\n```\n"
    yield "Somebody edits both: every two hours, and one more field.\n"
    for file in ("store-pos-receipts.yaml", "web-orders.yaml"):
        bed.edit(file, "every: hour", "every: 2 hours")
    bed.edit(
        "store-pos-receipts.yaml",
        "  - {source: currency,",
        "  - {source: lower(till), field: _brightfjord.channel}\n  - {source: currency,",
    )
    yield from _block("plan pipelines", bed.plan())
    yield "It exits with 2: there is something to do. `apply` shows the requests themselves and asks.\n"
    answers = Answers()
    outcome = bed.apply(answers)
    shown = [
        line for line in answers.questions[0].splitlines() if not line.startswith(("   body", "   map "))
    ]
    question = [*shown, "Send exactly this? Type yes, anything else sends nothing: yes", ""]
    yield from _block("apply pipelines", (outcome[0], "\n".join(question) + outcome[1]))
    yield "Next week somebody changes a flow in the user interface:\n"
    bed.change_flow(
        "Web orders", description="Ask Mira before you touch this", updatedBy="mira@brightfjord.example"
    )
    yield from _block("drift pipelines", bed.drift())


def _block(command: str, outcome: tuple[int, str]) -> Iterator[str]:
    said = outcome[1].replace(str(Path(tempfile.gettempdir())), "").strip()
    lines = [line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…" for line in said.splitlines()]
    lines = [
        f"pipelines:{line.partition('/pipelines:')[2]}" if "/pipelines: " in line else line for line in lines
    ]
    yield "\n".join(["```text", f"$ aep-flow-mcp {command}", *lines, "```", ""])


def reference() -> str:
    """A table for the document and one for each of its parts."""
    made = schema()
    parts: dict[str, Any] = made["$defs"]
    text = [made["description"], "", *_table(made, parts)]
    for name, part in parts.items():
        if "properties" in part:
            text += ["", f"### {name}", "", part.get("description", ""), "", *_table(part, parts)]
    return "\n".join(text)


def _table(part: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    yield "| field | takes | |"
    yield "| --- | --- | --- |"
    for name, field in part["properties"].items():
        needed = "required; " if name in part.get("required", ()) else ""
        about = field.get("description") or _about(field, parts)
        yield f"| `{name}` | {_takes(field, parts)} | {needed}{about} |"


def _takes(field: dict[str, Any], parts: dict[str, Any]) -> str:
    if "$ref" in field:
        return _named(field["$ref"], parts)
    if "anyOf" in field:
        kinds = [_takes(one, parts) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if field.get("type") == "array":
        return f"list of {_takes(field.get('items', {}), parts)}"
    return {"string": "text", "boolean": "true or false", "number": "number", "object": "fields"}.get(
        str(field.get("type")), "any"
    )


def _named(ref: str, parts: dict[str, Any]) -> str:
    name = ref.rsplit("/", 1)[-1]
    return f"[{name}](#{name.casefold()})" if "properties" in parts[name] else _takes(parts[name], parts)


def _about(field: dict[str, Any], parts: dict[str, Any]) -> str:
    refs = [one.get("$ref") for one in (field, *field.get("anyOf", ())) if one.get("$ref")]
    found = [str(parts[ref.rsplit("/", 1)[-1]].get("description", "")) for ref in refs]
    return found[0].partition(".")[0].replace("\n", " ") if found else ""
