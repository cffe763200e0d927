"""Data Access: the files of a batch, of what it left out and why, and of what came in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ..http.errors import generic
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.store import SandboxStore
from .kept import check_kept

_BASE = "/data/foundation/export"
_HOST = "https://platform.adobe.io:443"
_MOST = 100
_SAMPLED = 10
_DIAGNOSTICS_MS = 30 * 86_400_000
"""For so long Adobe keeps the diagnostics of a batch."""
_SAMPLES = frozenset({"row_errors_sample.json", "row_error_samples.json"})
"""The file of sampled errors is called the first in Adobe's OpenAPI file and the second in the links of runs."""
_FIELDS = ("dataSetFileId", "dataSetViewId", "version", "created", "updated", "records", "size", "isValid")

Files = Mapping[str, str]
"""Contents by name."""


def batch_files(backend: Backend, call: Call) -> Answer:
    """The files that a batch brought into its dataset: one, or none of a batch that failed."""
    id, row = _batch(backend, call)
    listed = [_data_set_file(id, row)] if row.get("status") == "success" and _written(row) else []
    return _page(call, listed)


def _data_set_file(id: str, row: JsonObject) -> JsonObject:
    made = str(row.get("created", ""))
    values = (f"{id}-1", "view", "1.0.0", made, str(row.get("updated", made)), str(_written(row)))
    size = str((row.get("metrics") or {}).get("inputByteSize", 0))
    about = dict(zip(_FIELDS, (*values, size, True), strict=True))
    return about | {"_links": {"self": {"href": f"{_HOST}{_BASE}/files/{id}-1"}}}


def failed(backend: Backend, call: Call) -> Answer:
    """The chunks of a batch that failed, or with `path` the content of one."""
    id, row = _batch(backend, call)
    sandbox = backend.sandbox(call)
    files: dict[str, str] = {}
    if row.get("status") == "failed":
        files = {"_SUCCESS": "", f"part-00000-{id.lower()}-c000.json": _lines(sandbox.rejected(id))}
    return _files(call, files, f"{_BASE}/batches/{quote(id)}/failed", folder="")


def meta(backend: Backend, call: Call) -> Answer:
    """What a batch tells of itself: `row_errors` and `input_files` are folders, the sample of errors is a file."""
    id, row = _batch(backend, call)
    folders = _folders(backend, backend.sandbox(call), id, row)
    place = f"{_BASE}/batches/{quote(id)}/meta"
    path = (call.first("path") or "").strip("/")
    folder, _, name = path.partition("/")
    if not folder:
        return _page(call, [_entry(one, None, place, one) for one in folders])
    if folder in _SAMPLES and not name:
        return _content("".join(folders.get("row_errors_sample.json", {}).values()))
    if folder not in folders:
        raise generic(404, "NotFoundError", f"The batch {id} has nothing at '{path}'")
    return _files(call, folders[folder], place, folder=f"{folder}/", name=name)


def _folders(backend: Backend, sandbox: SandboxStore, id: str, row: JsonObject) -> dict[str, Files]:
    inputs = {"fileMetaData1.json": _lines([{"path": f"{id}.json"}])}
    kept = backend.clock.now_ms() - int(row.get("created") or 0) <= _DIAGNOSTICS_MS
    # Of a batch that failed as a whole the rows are among its failed chunks.
    rows = sandbox.rejected(id) if kept and row.get("status") == "success" else []
    errors: dict[str, list[JsonObject]] = {}
    for one in rows:
        errors.setdefault(str(one["_filename"]), []).append(one)
    found: dict[str, Files] = {"input_files": inputs, "row_errors": {n: _lines(r) for n, r in errors.items()}}
    return found | {"row_errors_sample.json": {"": _lines(rows[:: max(1, len(rows) // _SAMPLED)])}}


def data_set_file(backend: Backend, call: Call) -> Answer:
    """A file of a dataset by its id: its one part, or with `path` (and `Range`) its bytes."""
    id, row = _file(backend, call)
    name = f"{id}.parquet"
    content = _parquet(row)
    if call.first("path") is None:
        length = len(content)
        return _page(call, [_entry(name, length, f"{_BASE}/files/{quote(id)}", name)])
    _check_name(call, name)
    headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes"}
    begin, end = _range(call.headers.get("range"), len(content))
    if begin is None:
        return Answer(200, content, headers)
    headers["content-range"] = f"bytes {begin}-{end - 1}/{len(content)}"
    return Answer(206, content[begin:end], headers)


def data_set_file_headers(backend: Backend, call: Call) -> Answer:
    id, row = _file(backend, call)
    _check_name(call, f"{id}.parquet")
    length = str(len(_parquet(row)))
    return Answer(
        200, None, {"accept-ranges": "bytes", "content-length": length, "content-type": "application/parquet"}
    )


def preview(backend: Backend, call: Call) -> Answer:
    """The first rows of a dataset. What was ingested is not kept here, so there are none to show."""
    id = call.args["id"]
    if backend.sandbox(call)["dataSets"].get(id) is None:
        raise generic(404, "NotFoundError", f"There is no dataset with the id '{id}'")
    return Answer(200, {"data": []})


def _parquet(row: JsonObject) -> str:
    """Bytes between the two marks of a Parquet file; nothing reads what is in it."""
    return f"PAR1{_written(row)}PAR1"


def _written(row: JsonObject) -> int:
    return int((row.get("metrics") or {}).get("outputRecordCount") or 0)


def _batch(backend: Backend, call: Call) -> tuple[str, JsonObject]:
    check_kept(backend, "what batches left out")
    id = call.args["id"]
    row = backend.sandbox(call)["batches"].get(id)
    if row is None:
        raise generic(404, "NotFoundError", f"There is no batch with the id '{id}'")
    return id, row


def _file(backend: Backend, call: Call) -> tuple[str, JsonObject]:
    check_kept(backend, "the data itself")
    id = call.args["id"]
    row = backend.sandbox(call)["batches"].get(id.removesuffix("-1"))
    if row is None or not id.endswith("-1"):
        raise generic(404, "NotFoundError", f"There is no dataset file with the id '{id}'")
    return id, row


def _check_name(call: Call, name: str) -> None:
    if call.first("path") != name:
        raise generic(404, "NotFoundError", f"The file has no part '{call.first('path')}'")


def _range(text: str | None, length: int) -> tuple[int | None, int]:
    """`bytes=0-100` as begin and end; what cannot be read asks for everything."""
    first, dash, last = (text or "").removeprefix("bytes=").partition("-")
    if not dash or not first.isdecimal() or int(first) >= length:
        return None, length
    return int(first), min(length, int(last) + 1) if last.isdecimal() else length


def _files(call: Call, files: Files, place: str, *, folder: str, name: str | None = None) -> Answer:
    """The list of some files, or the content of the one that `path` names."""
    wanted = (call.first("path") or "") if name is None else name
    if not wanted:
        return _page(
            call, [_entry(one, len(text.encode()), place, folder + one) for one, text in files.items()]
        )
    if wanted not in files:
        raise generic(404, "NotFoundError", f"There is no file '{folder}{wanted}'")
    return _content(files[wanted])


def _content(text: str) -> Answer:
    return Answer(200, text, {"content-type": "application/octet-stream"})


def _entry(name: str, length: int | None, place: str, path: str) -> JsonObject:
    entry: JsonObject = {
        "name": name,
        "_links": {"self": {"href": f"{_HOST}{place}?path={quote(path, safe='')}"}},
    }
    return entry if length is None else entry | {"length": str(length)}


def _page(call: Call, entries: list[JsonObject]) -> Answer:
    """At most a hundred entries, by `start` and `limit`."""
    limit = call.integer("limit", default=_MOST, minimum=1, maximum=_MOST)
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    shown = entries[start : start + limit]
    body: JsonObject = {"data": shown, "_page": {"limit": limit, "count": len(shown)}}
    if start + limit < len(entries):
        more = f"{_HOST}{call.path}?start={start + limit}&limit={limit}"
        page = {"href": f"{_HOST}{call.path}?start={{start}}&limit={{limit}}", "templated": True}
        body["_links"] = {"next": {"href": more}, "page": page}
    return Answer(200, body)


def _lines(rows: Iterable[Any]) -> str:
    """One JSON object a line."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


ROUTES = (
    Route("GET", f"{_BASE}/batches/{{id}}/files", batch_files),
    Route("GET", f"{_BASE}/batches/{{id}}/failed", failed),
    Route("GET", f"{_BASE}/batches/{{id}}/meta", meta),
    Route("GET", f"{_BASE}/files/{{id}}", data_set_file),
    Route("HEAD", f"{_BASE}/files/{{id}}", data_set_file_headers),
    Route("GET", f"{_BASE}/datasets/{{id}}/preview", preview),
)
