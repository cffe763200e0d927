"""Every command as a person runs it behind a corporate proxy: it works, or says what to set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.settings import NETWORK
from support.processes import EMULATOR_CREDENTIALS
from support.proxy import CorporateProxy
from support.tls import IMS, PLATFORM, emulator_over_tls, pem_of

pytestmark = pytest.mark.subprocess
PASSWORD = "pr0xy-p4ssword"


@pytest.fixture(scope="module")
def corporate() -> trustme.CA:
    return trustme.CA(organization_name="Example Corp", organization_unit_name="Web Gateway")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    certificate = trustme.CA().issue_cert(PLATFORM, IMS)
    with emulator_over_tls(Emulator(EmulatorOptions()), certificate, tmp_path_factory.mktemp("tls")) as found:
        yield found


@pytest.fixture(params=[None, f"alice:{PASSWORD}"], ids=["open", "with a password"])
def proxy(request: pytest.FixtureRequest, port: int, corporate: trustme.CA) -> Iterator[CorporateProxy]:
    """It opens every tunnel, and answers with certificates of its own authority."""
    hosts = dict.fromkeys((PLATFORM, IMS), ("127.0.0.1", port))
    with CorporateProxy(hosts, authority=corporate, login=request.param).running() as running:
        yield running


def variables(proxy: CorporateProxy, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AEP_") and name.upper() not in NETWORK
    }
    return {
        **kept,
        **EMULATOR_CREDENTIALS,
        "AEP_SANDBOX": "dev",
        "AEP_PLATFORM_URL": f"https://{PLATFORM}",
        "AEP_IMS_URL": f"https://{IMS}",
        "HTTPS_PROXY": proxy.with_login(proxy.login) if proxy.login else proxy.url,
        **more,
    }


def run(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    outcome = subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", *arguments],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in outcome.stderr
    for secret in (PASSWORD, EMULATOR_CREDENTIALS["AEP_CLIENT_SECRET"]):
        assert secret not in outcome.stdout + outcome.stderr
    return outcome


@pytest.mark.parametrize("variable", ["AEP_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_doctor_is_content_and_says_who_answers(
    proxy: CorporateProxy, corporate: trustme.CA, tmp_path: Path, variable: str
) -> None:
    bundle = pem_of(corporate, tmp_path / "ca.pem")
    outcome = run("doctor", cwd=tmp_path, env=variables(proxy, **{variable: str(bundle)}))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    line = next(line for line in outcome.stdout.splitlines() if line.startswith("ok    network:"))
    assert (
        line.count(f"{proxy.url}, the proxy of HTTPS_PROXY; the certificates of {variable} ({bundle})") == 2
    )
    assert line.count("certificate issued by O=Example Corp, OU=Web Gateway") == 2
    assert b"Bearer" in b"".join(proxy.inside)
    assert b"Bearer" not in b"".join(proxy.seen)


def test_doctor_says_what_to_set(proxy: CorporateProxy, tmp_path: Path) -> None:
    outcome = run("doctor", cwd=tmp_path, env=variables(proxy))
    assert outcome.returncode == 1
    failed = [line for line in outcome.stdout.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1
    assert failed[0].startswith(
        f"FAIL  token: IMS cannot be reached: the certificate of {IMS} is not trusted"
    )
    assert "issued by O=Example Corp" in failed[0]
    assert "set AEP_CA_BUNDLE" in failed[0]
    if proxy.login:
        outcome = run("doctor", cwd=tmp_path, env=variables(proxy, HTTPS_PROXY=proxy.url))
        assert "asks who you are (proxy: 407" in outcome.stdout
        assert "HTTPS_PROXY as http://USER:PASSWORD@HOST:PORT" in outcome.stdout


def test_the_variables_may_stand_in_the_named_file(
    proxy: CorporateProxy, corporate: trustme.CA, tmp_path: Path
) -> None:
    """A host that starts a server with no variables but its own."""
    env = variables(proxy)
    lines = [
        f"HTTPS_PROXY={env.pop('HTTPS_PROXY')}",
        f"REQUESTS_CA_BUNDLE={pem_of(corporate, tmp_path / 'ca.pem')}",
    ]
    (tmp_path / "aep.env").write_text("\n".join(lines), encoding="utf-8")
    outcome = run("doctor", "--env-file", "aep.env", cwd=tmp_path, env=env)
    assert outcome.returncode == 0, outcome.stdout


async def test_a_server_lists_its_tools_and_reads(
    proxy: CorporateProxy, corporate: trustme.CA, tmp_path: Path
) -> None:
    env = variables(proxy, AEP_CA_BUNDLE=str(pem_of(corporate, tmp_path / "ca.pem")))
    async with _client(env) as client:
        assert len((await client.list_tools()).tools) > 80
        result = await client.call_tool("list_flows", {"limit": 1})
        assert result.structured_content is not None
        assert len(result.structured_content["items"]) == 1
    async with _client(variables(proxy)) as client:
        assert len((await client.list_tools()).tools) > 80, "tools are listed whatever the network does"
        result = await client.call_tool("list_flows", {"limit": 1})
        text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    assert result.is_error
    assert "issued by O=Example Corp" in text
    assert "set AEP_CA_BUNDLE" in text
    assert PASSWORD not in text


def _client(env: dict[str, str]) -> Client:
    return Client(
        StdioServerParameters(command=sys.executable, args=["-m", "aep_flow_mcp", "serve"], env=env)
    )


def test_a_snapshot_is_taken_or_what_to_set_is_said(
    proxy: CorporateProxy, corporate: trustme.CA, tmp_path: Path
) -> None:
    env = variables(proxy, AEP_CA_BUNDLE=str(pem_of(corporate, tmp_path / "ca.pem")))
    taken = run("snapshot", "dev.snapshot", "--days", "1", cwd=tmp_path, env=env)
    assert taken.returncode == 0, taken.stderr
    assert (tmp_path / "dev.snapshot").stat().st_size > 1_000
    refused = run("snapshot", "other.snapshot", "--days", "1", cwd=tmp_path, env=variables(proxy))
    assert refused.returncode == 2
    assert "issued by O=Example Corp" in refused.stderr
    assert "set AEP_CA_BUNDLE" in refused.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["version"], "0.1.0"),
        (["demo"], "The flow is disabled now."),
        (["doctor", "--emulator"], "ok    writes:"),
        (["audit", "unfinished", "audit.log"], "Every attempt in the log has an end."),
        (["audit", "unfinished"], "Every attempt in the log has an end."),
        (["configure", "cursor", "--print"], "aep-flow"),
    ],
)
def test_a_command_that_needs_no_network_asks_for_none(
    port: int, tmp_path: Path, command: list[str], says: str
) -> None:
    with CorporateProxy({}).running() as proxy:
        (tmp_path / "audit.log").write_text("", encoding="utf-8")
        nowhere = {
            "AEP_CLIENT_SECRET_FILE": "/no/secret",
            "AEP_CA_BUNDLE": "/no/ca.pem",
            "AEP_PROFILE": "none,other",
            "AEP_MCP_AUDIT_LOG": "audit.log",
        }
        if command[0] == "configure":
            # It writes no entry that a server would refuse: a profile says its credentials itself.
            del nowhere["AEP_PROFILE"]
        outcome = run(*command, cwd=tmp_path, env=variables(proxy, HOME=str(tmp_path), **nowhere))
        assert outcome.returncode == 0, outcome.stderr
        assert says in outcome.stdout
        assert proxy.seen == []


def test_credentials_of_a_profile_and_a_file(
    proxy: CorporateProxy, corporate: trustme.CA, tmp_path: Path
) -> None:
    env = {name: value for name, value in variables(proxy).items() if not name.startswith("AEP_")}
    env["AEP_CA_BUNDLE"] = str(pem_of(corporate, tmp_path / "ca.pem"))
    env["AEP_PROFILES_FILE"] = str(tmp_path / "profiles.toml")
    (tmp_path / "secret").write_text(EMULATOR_CREDENTIALS["AEP_CLIENT_SECRET"], encoding="utf-8")
    same = f'org_id = "{EMULATOR_CREDENTIALS["AEP_ORG_ID"]}"\nplatform_url = "https://{PLATFORM}"\nims_url = "https://{IMS}"\n'
    acme = f'[acme]\nclient_id = "emulator-client"\nclient_secret_file = "secret"\nsandbox = "dev"\n{same}'
    wrong = f'[wrong]\nclient_id = "emulator-client"\nclient_secret = "keyring:none"\nsandbox = "dev"\n{same}'
    (tmp_path / "profiles.toml").write_text(acme + wrong, encoding="utf-8")
    env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    good = run("--profile", "acme", "doctor", cwd=tmp_path, env=env)
    assert good.returncode == 0, good.stdout
    assert good.stdout.splitlines()[0] == "Profile acme"
    both = run("doctor", "--profile", "all", cwd=tmp_path, env=env)
    assert both.returncode == 1
    assert [line for line in both.stdout.splitlines() if line.startswith("Profile")] == [
        "Profile acme",
        "Profile wrong",
    ]
    assert "the keyring holds nothing by the name none" in both.stdout
    none = run("serve", "--profile", "acne", cwd=tmp_path, env=env)
    assert none.returncode == 2
    assert "There is no profile acne in" in none.stderr


def test_a_keyring_that_forgets_is_told(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    outcome = subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", "credentials", "set", "acme"],
        env=env,
        cwd=tmp_path,
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 2
    assert "the keyring did not keep acme" in outcome.stderr
    assert PASSWORD not in outcome.stdout + outcome.stderr
    assert json.dumps(outcome.stdout) == '""'
