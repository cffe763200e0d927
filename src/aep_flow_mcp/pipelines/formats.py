"""The format of files that are read: as it was said, as it was detected, or as the file's name tells."""

from __future__ import annotations

from typing import Any

from .desk import Desk

FILE_FORMATS = ("delimited", "json", "parquet")
XDM_FORMATS = ("parquet_xdm", "json_xdm", "delimited_xdm")
"""What pages on older connections send; help/sources/tutorials/api/collect/cloud-storage.md names the plain ones."""
COMPRESSIONS = ("bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar")
ENCODINGS = ("UTF-8", "ISO-8859-1")
_OPTIONS = ("columnDelimiter", "compressionType", "encoding")
_OTHER_NAMES = {"csv": "delimited", "tsv": "delimited", "psv": "delimited", "txt": "delimited"}
_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".psv", ".txt"), "delimited"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    ".parquet": "parquet",
}
_SQUEEZED = {
    ".tar.gz": "tarGzip",
    ".tgz": "tarGzip",
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".deflate": "deflate",
    ".zip": "zipDeflate",
    ".tar": "tar",
}
_DELIMITERS = {"tsv": "\t", "psv": "|"}


def data_of_files(desk: Desk) -> dict[str, Any] | None:
    """`data` of a source connection that reads files; None while the format is not clear."""
    wish = desk.wish
    found, squeezed = _found(desk)
    said = (wish.format or "").strip().casefold().removeprefix(".")
    form = _OTHER_NAMES.get(said, said) or found
    if form is None and desk.unsettled("account", "path"):
        return None  # the files themselves will tell, so that nobody need be asked
    if form is None:
        desk.ask("format", "Which format do the files have?", choices=FILE_FORMATS)
        return None
    if form not in (*FILE_FORMATS, *XDM_FORMATS):
        desk.refuse("format", f"takes one of: {', '.join(FILE_FORMATS)} (csv and tsv are delimited).")
        return None
    if found and not form.startswith(found):
        which = (desk.findings.place.sampled if desk.findings.place else None) or wish.path
        desk.warn(f"{which} seems to be {found}, not {form}: say {found}, or choose another path.")
    properties = {**_defaults(desk, form, said, squeezed), **wish.format_options}
    _check_options(desk, form)
    return {"format": form, "properties": properties} if properties else {"format": form}


def of_name(name: str) -> tuple[str | None, str | None]:
    """Format and compression that the ending of a file name tells."""
    plain = name.casefold()
    squeezed = None
    for ending, kind in _SQUEEZED.items():
        if plain.endswith(ending):
            plain, squeezed = plain.removesuffix(ending), kind
            break
    return next((form for ending, form in _ENDINGS.items() if plain.endswith(ending)), None), squeezed


def _found(desk: Desk) -> tuple[str | None, str | None]:
    """What the service detected, else what the name of the sample or of the path tells."""
    place = desk.findings.place
    form, squeezed = of_name((place.sampled if place else None) or desk.wish.path or "")
    detected = _detected(desk)
    told = detected.get("fileType")
    return (
        told.casefold() if isinstance(told, str) else form,
        detected.get("compressionType") or squeezed,
    )


def _detected(desk: Desk) -> dict[str, Any]:
    place = desk.findings.place
    return place.preview.properties if place and place.preview else {}


def _defaults(desk: Desk, form: str, said: str, squeezed: str | None) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    if form == "delimited":
        detected = _detected(desk).get("columnDelimiter")
        defaults["columnDelimiter"] = detected or _DELIMITERS.get(said) or _DELIMITERS.get(_ending(desk), ",")
    if squeezed:
        defaults["compressionType"] = squeezed
    return defaults


def _ending(desk: Desk) -> str:
    return (desk.wish.path or "").casefold().rpartition(".")[2]


def _check_options(desk: Desk, form: str) -> None:
    """What pages name (help/sources/tutorials/api/collect/cloud-storage.md); anything else is sent and noted."""
    for name, value in desk.wish.format_options.items():
        field = f"format_options.{name}"
        if name not in _OPTIONS:
            desk.warn(f"{field} is not documented; it is sent. Documented: {', '.join(_OPTIONS)}.")
        elif name == "columnDelimiter" and form != "delimited":
            desk.warn(f"{field} is for delimited files; these are {form}.")
        elif name == "columnDelimiter" and (not isinstance(value, str) or len(value) != 1):
            desk.warn(f"{field} is documented as one character, such as , or ; or a tab.")
        elif name == "compressionType" and value not in COMPRESSIONS:
            desk.warn(f"{field} is documented as one of: {', '.join(COMPRESSIONS)}.")
        elif name == "encoding" and value not in ENCODINGS:
            desk.warn(f"{field} is documented as one of: {', '.join(ENCODINGS)}.")
    detected, said = _detected(desk).get("columnDelimiter"), desk.wish.format_options.get("columnDelimiter")
    if detected and said and detected != said:
        desk.warn(f"The sample seems to be separated by {detected!r}, not by {said!r}.")
