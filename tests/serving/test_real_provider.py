"""People and programs sign in with an OpenID provider that nobody here wrote: npm's oidc-provider."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlparse

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from guard.bed import ERAS, YES, Person, call
from serving.browser import page_in
from support.chromium import ENTER, TAB, Chromium, needs_chromium
from support.chromium import chromium as chromium
from support.chromium import driver as driver
from support.processes import emulator_process, free_port, http_server_process, server_environment
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess
SCRIPT = Path(__file__).with_name("provider.mjs")
CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture(scope="module")
def public() -> str:
    """Where the server with the approval page is going to be: the provider has to know."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def provider(public: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running provider."""
    folder = tmp_path_factory.mktemp("provider")
    if shutil.which("npm") is None:
        pytest.skip("npm is not here, so no OpenID provider from there was started")
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "oidc-provider@9"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, timeout=300, check=False)
    if installed.returncode != 0:
        pytest.skip("npm could not install oidc-provider, so it was not started")
    shutil.copy(SCRIPT, folder)
    port = free_port()
    process = subprocess.Popen(
        ["node", SCRIPT.name, str(port), "127.0.0.1", public],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        configuration = f"{address}/.well-known/openid-configuration"
        until(answers(configuration, status=200), "the provider", process=process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with emulator_process() as url:
        yield url


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


@pytest.fixture(scope="module")
def address(
    provider: str, emulator: str, log: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    settings = {"AEP_MCP_AUTH": "oidc", "AEP_MCP_AUTH_ISSUER": provider, "AEP_MCP_AUDIT_LOG": str(log)}
    folder = tmp_path_factory.mktemp("server")
    with http_server_process(cwd=folder, **server_environment(emulator, **settings)) as url:
        yield url


@pytest.fixture(scope="module")
def four_eyes(
    provider: str, public: str, emulator: str, log: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server at which another person approves."""
    settings = {
        "AEP_MCP_AUTH": "oidc",
        "AEP_MCP_AUTH_ISSUER": provider,
        "AEP_MCP_AUDIT_LOG": str(log),
        "AEP_MCP_AUTH_CLIENT_ID": "approvals",
        "AEP_MCP_AUTH_CLIENT_SECRET": "only-for-this-test",
        "AEP_MCP_APPROVERS": "others",
        "AEP_MCP_PUBLIC_URL": public,
    }
    folder, port = tmp_path_factory.mktemp("server"), int(public.rpartition(":")[2])
    environment = server_environment(emulator, **settings)
    with http_server_process("--port", str(port), cwd=folder, **environment) as url:
        yield url


class Kept:
    """What a client keeps of signing in."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def in_the_browser(address: str, name: str) -> str:
    """Sign in by that name and agree to everything; the address that the browser is sent back to."""
    async with httpx.AsyncClient(timeout=30) as browser:
        return (await through(browser, address, name))[0]


async def through(browser: httpx.AsyncClient, address: str, name: str) -> tuple[str, str]:
    """Through all pages of the provider; where that leads, and the page there."""
    answer = await browser.get(address)
    for _ in range(12):
        while answer.is_redirect:
            address = urljoin(str(answer.url), answer.headers["location"])
            if address.startswith(CALLBACK):
                return address, ""
            answer = await browser.get(address)
        if 'name="prompt"' not in answer.text:
            return str(answer.url), answer.text
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
        target = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
        assert target, answer.text
        if form.get("prompt") == "login":
            form |= {"login": name, "password": "any"}
        answer = await browser.post(urljoin(str(answer.url), target[1]), data=form)
    raise AssertionError("the provider asks on and on")


@asynccontextmanager
async def signed_in(
    address: str, name: str, *, era: str, person: Person | None = None, kept: Kept | None = None
) -> AsyncIterator[Client]:
    """The SDK's client, whose person signs in when the server asks for it."""
    back: list[str] = []

    async def show(page: str) -> None:
        back.append(await in_the_browser(page, name))

    async def returned() -> AuthorizationCodeResult:
        said = parse_qs(urlparse(back.pop()).query)
        return AuthorizationCodeResult(code=said["code"][0], state=said["state"][0], iss=said["iss"][0])

    metadata = OAuthClientMetadata(client_name="A host", redirect_uris=[AnyUrl(CALLBACK)])
    auth = OAuthClientProvider(address, metadata, kept or Kept(), show, returned)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=60, follow_redirects=True) as http,
        Client(
            streamable_http_client(address, http_client=http), mode=ERAS[era], elicitation_callback=person
        ) as client,
    ):
        yield client


async def enabled_flow(client: Client) -> str:
    listed = await call(client, "list_flows", {"state": "enabled", "limit": 1})
    return str(listed.data["items"][0]["id"])


def logged(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def sent(emulator: str) -> str:
    """Everything that was sent to the emulator."""
    text = httpx.get(f"{emulator}/_emulator/journal").text
    assert "DELETE" in text
    return text


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_signs_in_and_changes_something(
    address: str, emulator: str, log: Path, era: str
) -> None:
    person, kept = Person(YES), Kept()
    async with signed_in(address, "ada", era=era, person=person, kept=kept) as client:
        flow = await enabled_flow(client)
        assert (await call(client, "delete_flow", {"flow_id": flow})).status == "done"
    assert len(person.questions) == 1
    done = logged(log)[-1]
    assert (done["event"], done["person"]["subject"], done["person"]["name"]) == (
        "done",
        "ada",
        "ada of the team",
    )
    assert kept.tokens is not None
    assert kept.client is not None
    assert done["person"]["client"] == kept.client.client_id
    assert kept.tokens.access_token not in sent(emulator)
    assert kept.tokens.access_token not in json.dumps(logged(log))


@pytest.mark.parametrize("era", ERAS)
async def test_another_person_does_not_confirm(address: str, era: str) -> None:
    async with signed_in(address, "ada", era=era) as ada, signed_in(address, "bob", era=era) as bob:
        preview = await call(ada, "delete_flow", {"flow_id": await enabled_flow(ada)})
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        assert (await call(bob, "confirm_change", confirming)).status == "refused"
        assert (await call(ada, "confirm_change", confirming)).status == "done"


async def machine(provider: str, scope: str, resource: str) -> str:
    """A token for a program without a person."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{provider}/token",
            data={"grant_type": "client_credentials", "scope": scope, "resource": resource},
            auth=("nightly", "only-for-this-test"),
        )
    return str(answer.raise_for_status().json()["access_token"])


async def test_a_program_signs_in_with_what_it_was_granted(address: str, provider: str) -> None:
    token = await machine(provider, "flows:read", address)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert "list_flows" in names
        assert "delete_flow" not in names
        assert len((await call(client, "list_flows", {"limit": 2})).data["items"]) == 2


@pytest.mark.parametrize("era", ERAS)
async def test_a_missing_scope_leads_to_signing_in_again(address: str, provider: str, era: str) -> None:
    """The 403 says which scope, and the SDK's client gets it and repeats the call."""
    kept, person = Kept(), Person(YES)
    async with signed_in(address, "ada", era=era, kept=kept) as client:
        flow = await enabled_flow(client)
    kept.tokens = OAuthToken(access_token=await machine(provider, "flows:read", address))
    async with signed_in(address, "ada", era=era, person=person, kept=kept) as client:
        assert "delete_flow" not in {tool.name for tool in (await client.list_tools()).tools}
        if era == "2025-11-25":  # a session belongs to who began it
            return
        preview = await call(client, "delete_flow", {"flow_id": flow})
        assert preview.status == "needs_confirmation", "the client asked for what the 403 named, and no more"
        assert person.questions == []
        assert "delete_flow" in {tool.name for tool in (await client.list_tools()).tools}
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        assert (await call(client, "confirm_change", confirming)).status == "done"


@pytest.mark.parametrize("era", ERAS)
async def test_another_person_approves_on_the_page(four_eyes: str, log: Path, era: str) -> None:
    async with signed_in(four_eyes, "ada", era=era) as ada:
        preview = await call(ada, "delete_flow", {"flow_id": await enabled_flow(ada)})
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        async with httpx.AsyncClient(timeout=30) as own:
            _, page = await through(own, page_in(preview), "ada")
            assert "You asked for this change yourself" in page
        assert (await call(ada, "confirm_change", confirming)).status == "refused"
        async with httpx.AsyncClient(timeout=30) as browser:
            address, page = await through(browser, page_in(preview), "bob")
            token = re.search(r'name="token" value="([^"]+)"', page)
            assert token, page
            form = {"token": token[1], "decision": "approve"}
            origin = four_eyes.removesuffix("/mcp")
            answer = await browser.post(address, data=form, headers={"Origin": origin})
            assert answer.status_code == 200, answer.text
        assert (await call(ada, "confirm_change", confirming)).status == "done"
    done = logged(log)[-1]
    assert (done["event"], done["person"]["subject"], done["approver"]["subject"]) == ("done", "ada", "bob")


async def signs_in(chromium: Chromium, name: str) -> None:
    """On the provider's pages, which know nothing of what waits."""
    await chromium.until('name="login"')
    assert "delete" not in (await chromium.source()).lower()
    await chromium.click("input[name=login]")
    await chromium.press(*name, TAB, *"any", ENTER)
    await chromium.until('value="consent"')
    await chromium.click("button[type=submit]")


@needs_chromium
async def test_another_person_signs_in_and_approves_in_a_real_browser(
    four_eyes: str, log: Path, chromium: Chromium
) -> None:
    async with signed_in(four_eyes, "ada", era="2026-07-28") as ada:
        flow = await enabled_flow(ada)
        preview = await call(ada, "delete_flow", {"flow_id": flow})
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        await chromium.open(page_in(preview))
        await signs_in(chromium, "ada")
        await chromium.until("You asked for this change yourself")
        # The provider knows her still, and asks all the same.
        await chromium.click("button.leave")
        await chromium.until("Signed out")
        await chromium.open(page_in(preview))
        await signs_in(chromium, "bob")
        await chromium.until("You are signed in as bob")
        assert await chromium.script("return location.href") == page_in(preview)
        assert (await call(ada, "confirm_change", confirming)).status == "refused"
        await chromium.click("button.yes")
        await chromium.until("Approved")
        assert (await call(ada, "confirm_change", confirming)).status == "done"
    done = logged(log)[-1]
    assert (done["event"], done["person"]["subject"], done["approver"]["subject"]) == ("done", "ada", "bob")


async def test_a_token_for_another_server_is_none(address: str, provider: str) -> None:
    for resource, status in (("https://another.example/mcp", 401), (address, 400)):
        token = await machine(provider, "flows:read", resource)
        async with httpx.AsyncClient() as http:
            answer = await http.get(address, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, answer.text
