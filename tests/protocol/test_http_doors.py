"""Who gets in over HTTP: no page and no name of somebody else's, on whatever address the server listens."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request

from aep_flow_mcp.server import build_server
from aep_flow_mcp.serving import command as serve_command
from aep_flow_mcp.serving.listening import check_address, http_security, sign_in
from aep_flow_mcp.settings import AuthMode, Settings, SettingsError
from support.processes import emulator_headers, emulator_process, http_server_process, server_environment

FLOWS = "/data/foundation/flowservice/flows"
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:80"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
]


@dataclass
class Door:
    """A server on every address of this machine, and what it changes."""

    url: str
    emulator: str
    session: dict[str, str]

    def post(self, method: str, params: dict[str, Any], **headers: str) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        accepts = {"Accept": "application/json, text/event-stream", **self.session}
        return httpx.post(self.url, json=body, headers={**accepts, **headers}, timeout=60)

    def call(self, tool: str, arguments: dict[str, Any], **headers: str) -> httpx.Response:
        return self.post("tools/call", {"name": tool, "arguments": arguments}, **headers)

    def result(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        data = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
        result: dict[str, Any] = json.loads(data.removeprefix("data: "))["result"]
        return result["structuredContent"]  # type: ignore[no-any-return]

    def flow_ids(self) -> list[str]:
        listed = httpx.get(
            f"{self.emulator}{FLOWS}", params={"limit": 100}, headers=emulator_headers(self.emulator)
        )
        return [item["id"] for item in listed.json()["items"]]

    def requests(self) -> int:
        return len(httpx.get(f"{self.emulator}/_emulator/journal").json()["exchanges"])


@pytest.fixture(scope="module", params=["127.0.0.1", "0.0.0.0"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("http")
    with (
        emulator_process() as emulator,
        http_server_process(
            "--host", request.param, cwd=folder, **server_environment(emulator, AEP_MCP_AUTH="none")
        ) as url,
    ):
        found = Door(url, emulator, {})
        client = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        begun = found.post("initialize", client)
        found.session = {
            "Mcp-Session-Id": begun.headers["mcp-session-id"],
            "MCP-Protocol-Version": "2025-11-25",
        }
        yield found


@pytest.mark.subprocess
def test_nothing_foreign_previews_or_confirms_a_deletion(door: Door) -> None:
    flow = door.flow_ids()[0]
    preview = door.result(door.call("delete_flow", {"flow_id": flow}))
    assert preview["status"] == "needs_confirmation"
    before = door.requests()
    for headers in FOREIGN:
        for tool, arguments in (
            ("delete_flow", {"flow_id": flow}),
            ("confirm_change", {"confirmation_id": preview["confirmation_id"]}),
        ):
            answer = door.call(tool, arguments, **headers)
            assert answer.status_code in (403, 421), headers
            assert "confirmation" not in answer.text
        assert door.post("initialize", {}, **headers).status_code in (403, 421)
        stateless = {"MCP-Protocol-Version": "2026-07-28", **headers}
        assert door.call("delete_flow", {"flow_id": flow}, **stateless).status_code in (403, 421)
    assert door.requests() == before, "nothing foreign made the server ask anything"
    assert flow in door.flow_ids()
    own = {"Origin": door.url.removesuffix("/mcp"), "Host": door.url.split("/")[2]}
    done = door.call("confirm_change", {"confirmation_id": preview["confirmation_id"]}, **own)
    assert door.result(done)["status"] == "done"
    assert flow not in door.flow_ids()


def test_an_address_that_others_reach_is_opened_in_so_many_words() -> None:
    closed, opened = Settings.model_construct(), Settings.model_construct(mcp_auth=AuthMode.NONE)
    for host in ("127.0.0.1", "localhost", "::1", "[::1]", "127.8.0.1"):
        assert check_address(closed, host) is None
    for host in ("0.0.0.0", "::", "", "192.168.1.5", "flows.example.com", "127.0.0.1.evil.example"):
        with pytest.raises(SettingsError, match="AEP_MCP_AUTH=none"):
            check_address(closed, host)
        warning = check_address(opened, host)
        assert warning
        assert "EVERYBODY WHO REACHES IT" in warning


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mcp_auth_issuer": "https://id.example"}, "AEP_MCP_AUTH_ISSUER is set and AEP_MCP_AUTH is not set"),
        (
            {"mcp_auth": AuthMode.NONE, "mcp_auth_audience": ("x",)},
            "AEP_MCP_AUTH_AUDIENCE is set and AEP_MCP_AUTH is none",
        ),
        ({"mcp_auth": AuthMode.OIDC}, "set AEP_MCP_AUTH_ISSUER"),
        (
            {
                "mcp_auth": AuthMode.OIDC,
                "mcp_auth_issuer": "https://id.example",
                "mcp_auth_roles_claim": "groups",
            },
            "set together",
        ),
        ({"mcp_auth": AuthMode.OIDC, "mcp_auth_issuer": "https://id.example"}, "set AEP_MCP_PUBLIC_URL"),
    ],
)
def test_a_sign_in_that_is_half_set_does_not_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        sign_in(Settings.model_construct(**settings), "0.0.0.0", 8000)


@pytest.mark.parametrize(
    ("public", "resource", "metadata"),
    [
        (None, "http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"),
        *(
            (
                public,
                "https://flows.example/mcp",
                "https://flows.example/.well-known/oauth-protected-resource/mcp",
            )
            for public in ("https://flows.example", "https://flows.example/", "https://flows.example/mcp")
        ),
        (
            "https://tools.example/flows",
            "https://tools.example/flows/mcp",
            "https://tools.example/.well-known/oauth-protected-resource/flows/mcp",
        ),
    ],
)
def test_clients_are_told_the_address_that_they_know(
    public: str | None, resource: str, metadata: str
) -> None:
    settings = Settings.model_construct(
        mcp_auth=AuthMode.OIDC, mcp_auth_issuer="https://id.example", mcp_public_url=public
    )
    assert check_address(settings, "0.0.0.0") is None, "who signs in is let in, wherever from"
    found = sign_in(settings, "127.0.0.1", 8000)
    assert found is not None
    assert (found.resource, found.metadata) == (resource, metadata)


@pytest.mark.subprocess
def test_a_server_reads_no_tokens_before_somebody_signs_in() -> None:
    """Start-up is felt each time a desktop assistant opens."""
    code = (
        "import sys\n"
        "from aep_flow_mcp.cli import emulator_settings\n"
        "from aep_flow_mcp.server import build_server\n"
        "from aep_flow_mcp.serving.http_app import http_app\n"
        "from aep_flow_mcp.serving.listening import sign_in\n"
        "settings = emulator_settings()\n"
        "http_app(build_server(settings), sign_in(settings, '127.0.0.1', 8000))\n"
        "print([name for name in sys.modules if name == 'jwt' or 'signing_in' in name])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.subprocess
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_server_does_not_start_open(tmp_path: Path, host: str) -> None:
    command = [
        sys.executable,
        "-m",
        "aep_flow_mcp",
        "serve",
        "--emulator",
        "--transport",
        "http",
        "--host",
        host,
    ]
    outcome = subprocess.run(
        command, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome.returncode == 2
    assert "AEP_MCP_AUTH=none" in outcome.stderr


def test_opening_is_said_at_each_start(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:

    ran: list[dict[str, Any]] = []
    monkeypatch.setattr("aep_flow_mcp.serving.running.serve_http", lambda _, **how: ran.append(how))
    settings = Settings.model_construct(mcp_auth=AuthMode.NONE, mcp_allowed_hosts=("flows.example.com",))
    server = build_server(settings)
    with caplog.at_level(logging.CRITICAL):
        serve_command.serve_over_http(server, settings, host="0.0.0.0", port=8000)
    assert "WITHOUT" in caplog.text.upper()
    assert "flows.example.com" in caplog.text
    assert ran[0]["transport_security"].enable_dns_rebinding_protection


@pytest.mark.parametrize(
    ("host", "port", "settings", "headers", "passes"),
    [
        ("127.0.0.1", 80, {}, {"host": "127.0.0.1"}, True),
        ("127.0.0.1", 80, {}, {"host": "localhost", "origin": "http://localhost"}, True),
        ("127.0.0.1", 80, {}, {"host": "localhost", "origin": "http://localhost:8080"}, False),
        ("127.0.0.1", 8000, {}, {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}, True),
        ("127.0.0.1", 8000, {}, {"host": "127.0.0.1:9000"}, True),
        ("127.0.0.1", 8000, {}, {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:3000"}, False),
        ("::1", 8000, {}, {"host": "[::1]:8000", "origin": "http://[::1]:8000"}, True),
        ("10.0.0.5", 8000, {}, {"host": "10.0.0.5:8000"}, True),
        ("0.0.0.0", 8000, {}, {"host": "10.0.0.5:8000"}, False),
        ("0.0.0.0", 8000, {"mcp_allowed_hosts": ("flows.example",)}, {"host": "flows.example"}, True),
        ("0.0.0.0", 8000, {"mcp_allowed_hosts": ("flows.example",)}, {"host": "flows.example:443"}, True),
        ("0.0.0.0", 8000, {"mcp_allowed_hosts": ("flows.example:443",)}, {"host": "flows.example:80"}, False),
        ("0.0.0.0", 8000, {"mcp_allowed_hosts": ("flows.example",)}, {"host": "flows.example.evil"}, False),
        (
            "0.0.0.0",
            8000,
            {"mcp_public_url": "https://flows.example/aep"},
            {"host": "flows.example", "origin": "https://flows.example"},
            True,
        ),
        (
            "0.0.0.0",
            8000,
            {"mcp_public_url": "https://flows.example/aep"},
            {"host": "flows.example", "origin": "http://flows.example:3000"},
            False,
        ),
        (
            "0.0.0.0",
            8000,
            {"mcp_allowed_origins": ("https://flows.example",)},
            {"host": "localhost", "origin": "https://flows.example"},
            True,
        ),
        (
            "0.0.0.0",
            8000,
            {"mcp_allowed_origins": ("https://flows.example",)},
            {"host": "localhost", "origin": "https://flows.example:8443"},
            False,
        ),
    ],
)
async def test_names_and_origins(
    host: str, port: int, settings: dict[str, Any], headers: dict[str, str], passes: bool
) -> None:
    security = http_security(Settings.model_construct(**settings), host, port)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    refused = await TransportSecurityMiddleware(security).validate_request(Request(scope))
    assert (refused is None) is passes
