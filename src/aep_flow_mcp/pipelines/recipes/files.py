"""Files of a cloud storage or file server into a dataset, on a schedule.

Amazon S3, Azure Blob, ADLS Gen2, Google Cloud Storage, SFTP and every other connector that the flow spec for files
takes. The landing zone is one more of these, without an account: see `landing_zone`.
"""

from __future__ import annotations

from typing import Any

from .. import accounts, formats, parameters, places, wellknown
from ..blueprint import Verdict
from ..desk import Desk
from ..imports import into_lake

NAME = "batch from files"


def judge(desk: Desk, recipe: str = NAME) -> Verdict:
    """The verdict on an import of files."""
    desk.leave_out("of files, the new ones are read by their time of change", "delta_column")
    account = accounts.choose(desk)
    params = _params(desk)
    data = formats.data_of_files(desk)
    spec = desk.flow_spec(wellknown.FLOW_FILES_TO_LAKE)
    if spec is None:
        return desk.verdict(recipe)
    return into_lake(desk, recipe, spec, account, data=data, params=params, mapping_required=True)


def _params(desk: Desk) -> dict[str, Any]:
    parameters.refuse_places(desk)
    params = parameters.free(desk)
    path = places.asked_for(desk, f"Which file or folder of {desk.label} is read?")
    if path is None:
        return params
    places.note_spelling(desk, path)
    kind, path = _kind(desk, path)
    given_kind = params.get("type")
    if given_kind in ("file", "folder") and kind and given_kind != kind and not places.is_pattern(path):
        desk.warn(f"{path} seems to be a {kind}; params.type {given_kind} is sent as it was given.")
    elif kind is None and given_kind is None:
        desk.ask("params.type", f"Is {path} a file or a folder?", choices=("file", "folder"))
    kind = given_kind or kind
    if kind == "file" and "recursive" in params:
        desk.warn("params.recursive goes with a folder; it is sent all the same.")
    if kind == "folder" and not places.is_pattern(path):
        path = path if path.endswith("/") else f"{path}/"
        if "recursive" not in params:
            params["recursive"] = _only_folders(desk, path)
            if params["recursive"]:
                desk.warn(f"{path} holds folders only, so its sub-folders are read: recursive is true.")
    params = {"path": path, **({"type": kind} if kind else {}), **params}
    return parameters.settle(desk, desk.spec.source_spec, params)


def _kind(desk: Desk, path: str) -> tuple[str | None, str]:
    """`file`, `folder` or None where nobody knows; and the path as the source itself writes it."""
    if places.is_pattern(path):
        return "folder", path
    place = desk.findings.place
    wanted = places.bare(path)
    for item in place.entries if place else ():
        if item.path and places.bare(item.path) == wanted and item.type in ("file", "folder"):
            return item.type, item.path
    if path.endswith("/") or (place and not place.error and places.bare(place.folder) == wanted):
        return "folder", path
    looked = place is not None and not place.error
    return ("file" if looked or any(formats.of_name(path)) else None), path


def _only_folders(desk: Desk, path: str) -> bool:
    """Whether a folder holds nothing but folders, so that only a recursive import reads anything."""
    place = desk.findings.place
    if place is None or places.bare(place.folder) != places.bare(path):
        return False
    kinds = {item.type for item in place.entries}
    if not kinds:
        desk.warn(f"{path} is empty so far.")
    if kinds == {"file", "folder"}:
        desk.warn(f"Folders below {path} are not read; params recursive=true reads them too.")
    return kinds == {"folder"}
