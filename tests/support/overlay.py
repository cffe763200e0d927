"""An emulator of which some answers are replaced: for shapes that it does not give by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport

_SPECS = re.compile(r"^/data/foundation/flowservice/(connectionSpecs|flowSpecs)(?:/([^/?]+))?/?(?:\?.*)?$")


@dataclass(frozen=True)
class Rule:
    """An answer for every request of a method whose path (with its query) matches; `text` goes out as it is."""

    path: str
    json: Any = None
    text: str | None = None
    status: int = 200
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    def matches(self, request: httpx.Request) -> bool:
        return request.method == self.method and re.search(self.path, _target(request)) is not None

    def answer(self) -> httpx.Response:
        body = self.text if self.text is not None else json.dumps(self.json)
        return httpx.Response(self.status, headers=dict(self.headers), content=body.encode())


@dataclass(frozen=True)
class Overlay:
    """Rules, and specs by id that stand in lists and by themselves in place of the emulator's."""

    rules: tuple[Rule, ...] = ()
    specs: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    flow_specs: Mapping[str, dict[str, Any]] = field(default_factory=dict)


class OverlaidTransport(httpx.AsyncBaseTransport):
    """The emulator in this process, behind an overlay. `sent` holds every request, as it went out."""

    def __init__(self, emulator: Emulator, overlay: Overlay) -> None:
        self._inner = EmulatorTransport(emulator)
        self._overlay = overlay
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.sent.append(request)
        for rule in self._overlay.rules:
            if rule.matches(request):
                return rule.answer()
        answer = await self._inner.handle_async_request(request)
        match = _SPECS.match(_target(request))
        over = {"connectionSpecs": self._overlay.specs, "flowSpecs": self._overlay.flow_specs}
        if match is None or request.method != "GET" or not over[match[1]]:
            return answer
        return await _with_specs(answer, over[match[1]], match[2])

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _with_specs(
    answer: httpx.Response, specs: Mapping[str, dict[str, Any]], wanted: str | None
) -> httpx.Response:
    if wanted is not None:
        return httpx.Response(200, json={"items": [specs[wanted]]}) if wanted in specs else answer
    listed = json.loads(await answer.aread())
    known = {item["id"] for item in listed["items"]}
    listed["items"] = [specs.get(item["id"], item) for item in listed["items"]]
    if not (listed.get("_links") or {}).get("next"):
        listed["items"] += [spec for id, spec in specs.items() if id not in known]
    return httpx.Response(answer.status_code, json=listed)


def _target(request: httpx.Request) -> str:
    return request.url.raw_path.decode()
