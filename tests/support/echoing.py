"""An emulator that says secrets back: in every place of its answers, in every form."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport

LOOKED_UP = {"spec", "providerId", "schemaRef"}
TEXTS = ("description", "message", "errorMessage", "detail", "label", "reason")


def forms(secret: str) -> dict[str, str]:
    """A secret as it may come back."""
    raw = secret.encode()
    quoted = quote(secret, safe="")
    return {
        "plain": secret,
        "url": quoted,
        "url, lower case": "".join(part.lower() if index % 2 else part for index, part in _split(quoted)),
        "base64": base64.b64encode(raw).decode(),
        "base64, no padding": base64.b64encode(raw).decode().rstrip("="),
        "base64, for urls": base64.urlsafe_b64encode(b"user:" + raw).decode(),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "json": json.dumps(secret)[1:-1],
    }


def telling(form: str) -> str:
    """The part of a form that no neighbour shares."""
    edge = min(8, len(form) // 4)
    return form[edge:-edge]


class EchoingTransport(httpx.AsyncBaseTransport):
    """Adds what it knows to every answer; with `status` it refuses everything but tokens, quoting all of it.

    `secrets` are those of the test; the token of each request is added by itself.
    """

    def __init__(self, emulator: Emulator, secrets: list[str], *, status: int | None = None) -> None:
        self._inner = EmulatorTransport(emulator)
        self._secrets = secrets
        self._status = status
        self.tokens: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.tokens |= {token} - {""}
        said = [form for secret in [*self._secrets, token] if secret for form in forms(secret).values()]
        if self._status is not None and request.url.path.startswith("/data/"):
            message = f"{'x' * 560} {said[0]} {' '.join(said)}"
            body = {
                "message": message,
                "title": said[-1],
                "errorCode": "CONNECTOR-1001-500",
                "requestId": said[0],
            }
            return httpx.Response(self._status, json=body, headers=_headers(said))
        answer = await self._inner.handle_async_request(request)
        if not request.url.path.startswith("/data/") or not answer.is_success:
            return answer
        try:
            document = json.loads(await answer.aread())
        except ValueError:
            return answer
        return httpx.Response(
            answer.status_code, json=_echoed(document, said), headers={"etag": '"e"', **_headers(said)}
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def _headers(said: list[str]) -> dict[str, str]:
    """Headers that a client may show, or log."""
    names = ("x-request-id", "www-authenticate", "x-error", "warning", "server")
    forms_ = [form for form in said if form.isascii()]
    return dict(zip(names, forms_, strict=False)) | {"x-all": " ".join(forms_)}


def _echoed(value: Any, said: list[str], *, top: bool = True) -> Any:
    if isinstance(value, list):
        return [_echoed(item, said, top=top) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _echoed(item, said, top=False) for key, item in value.items()}
    for key in TEXTS:
        if isinstance(found.get(key), str):
            found[key] = " ".join([found[key], *said])
    href = found.get("href")
    if isinstance(href, str) and "?" in href:
        # Each form as it is, where a link can hold it: encoded twice it is not looked for.
        fits = [form for form in said if form == quote(form, safe="%=-_.~")]
        notes = "&".join(f"note{number}={form}" for number, form in enumerate(fits))
        found["href"] = f"{href}&access_token={quote(said[0], safe='')}&{notes}"
    if "id" in found or top:
        found |= {"echoed": said, "described": " ".join(said), **dict.fromkeys(said, 1)}
    # Names that are looked up by stay as they are, or no tool would go on from there.
    if isinstance(found.get("name"), str) and "id" in found and not found.keys() & LOOKED_UP:
        found["name"] = f"{found['name']} {said[0]}"
    return found


def _split(quoted: str) -> Iterator[tuple[int, str]]:
    """The text between percent signs (even) and the two digits behind them (odd)."""
    head, *rest = quoted.split("%")
    yield 0, head
    for part in rest:
        yield 1, f"%{part[:2]}"
        yield 2, part[2:]
