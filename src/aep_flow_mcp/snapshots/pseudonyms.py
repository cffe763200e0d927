"""Names that say nothing: the same name is the same pseudonym within one file, and ids stay."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

JSON = Any

_KINDS = {
    **dict.fromkeys(("name", "title", "sandboxName", "datasetName", "dataSetName", "label"), "name"),
    **dict.fromkeys(("description", "meta:description"), "text"),
    **dict.fromkeys(
        ("createdBy", "updatedBy", "modifiedBy", "createdUser", "updatedUser", "lastUpdatedBy"), "user"
    ),
    **dict.fromkeys(("createdClient", "updatedClient"), "user"),
}
_PLACES = re.compile(
    r"(?i)(?:path|paths|folder|file|files|filename|bucket\w*|container\w*|table\w*|host|server|url|uri|database"
    r"|schemaName|topic\w*|stream\w*|namespace|query|project\w*|account\w*|inletUrl|basePath)$"
)
_ENDS = frozenset({"params", "serverConfiguration"})
"""Below these members of a connection, a place is written."""
_MESSAGE = re.compile(r"(?i)(?:message|detail|details|detailed-message|reason|cause)$")
_TELLING = re.compile(
    r"""(?P<quote>["'`])(?P<quoted>[^"'`]{1,300})(?P=quote)|[\w.+-]+@[\w.-]+|(?:[\w:.-]*/)+[\w.*?=&%-]*"""
    r"""|(?<![\w.])\w+(?:[-_.]\w+){1,}(?![\w.])"""
)
_CODE = re.compile(r"(?:[A-Z]+-)?\d[\d-]*|[A-Z][A-Z0-9]*(?:[-_][A-Z0-9]+)+|[\d.,:TZ-]+")
_SERVICE = re.compile(r"acp_\w+(?:@AdobeID)?|system(?:@AdobeID)?")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9a-f]{24,32}|[0-9A-Z]{26}")


class Pseudonyms:
    """Made with a random salt, which is not kept when the file is done: nobody can try names against it."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def name(self, text: str, kind: str = "name") -> str:
        """The pseudonym of a text; empty ones, ids and Adobe's own services stay."""
        if not text.strip() or _UUID.fullmatch(text) or _SERVICE.fullmatch(text):
            return text
        digest = hmac.new(self._salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:10]}"

    def of(self, item: JSON) -> JSON:
        """The object with names, descriptions, people, places and what messages quote replaced.

        Names of fields (of a schema, in a mapping) stay: without them no mapping can be judged.
        """
        return self._walk(item, "", within=False)

    def _walk(self, value: JSON, name: str, *, within: bool) -> JSON:
        if isinstance(value, dict):
            place = within or name in _ENDS
            # The members of `properties` are fields, whatever they are called.
            fields = name in ("properties", "definitions", "$defs")
            return {
                key: self._walk(inner, "" if fields else key, within=place) for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._walk(inner, name, within=within) for inner in value]
        return self._text(value, name, within=within) if isinstance(value, str) else value

    def _text(self, text: str, name: str, *, within: bool) -> str:
        kind = _KINDS.get(name)
        if kind is not None:
            return self.name(text, kind)
        if _PLACES.search(name) and (within or name in ("basePath", "path", "fileInfo")):
            return self._path(text)
        return _TELLING.sub(self._found, text) if _MESSAGE.search(name) else text

    def _path(self, text: str) -> str:
        """A place part by part, so that one below another stays so; the ending of a file says its format."""
        parts = [self._part(part) for part in text.split("/")]
        return "/".join(parts)

    def _part(self, part: str) -> str:
        if not part or part in (".", "..", "*"):
            return part
        stem, dot, ending = part.rpartition(".")
        if dot and stem and len(ending) <= 8:
            return f"{self.name(stem, 'place')}.{ending}"
        return self.name(part, "place")

    def _found(self, match: re.Match[str]) -> str:
        quote, text = match["quote"] or "", match["quoted"] or match[0]
        if _CODE.fullmatch(text) or _UUID.fullmatch(text):
            return match[0]
        hidden = self._path(text) if "/" in text else self.name(text, "said")
        return f"{quote}{hidden}{quote}"
