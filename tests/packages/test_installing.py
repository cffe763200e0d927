"""From a built file and an empty folder to a server that answers, in each way that README.md names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from aep_flow_mcp.prompts import load_prompts
from aep_flow_mcp.surface.snapshot import load_cards
from packages.conftest import Release, Tools, installed, once

pytestmark = pytest.mark.subprocess


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


async def answers(tools: Tools, cwd: Path, command: list[str], **variables: str) -> None:
    """A client lists all tools and prompts, and one of the tools answers from the emulator."""
    async with Client(_started(tools, cwd, command, variables)) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert listed == {card["name"] for card in load_cards()}
        assert {prompt.name for prompt in (await client.list_prompts()).prompts} == load_prompts().keys()
        answer = await client.call_tool("list_flows", {"limit": 3})
        assert len((answer.structured_content or {})["items"]) == 3


def _started(tools: Tools, cwd: Path, command: list[str], variables: dict[str, str]) -> StdioServerParameters:
    environment = tools.environment(**variables)
    program = shutil.which(command[0], path=environment["PATH"])
    assert program, f"{command[0]} is not installed"
    return StdioServerParameters(command=program, args=command[1:], env=environment, cwd=cwd)


async def test_uvx_runs_the_wheel(release: Release, tools: Tools, empty: Path) -> None:
    await answers(
        tools, empty, ["uvx", "--from", str(release.file("*.whl")), "aep-flow-mcp", "serve", "--emulator"]
    )
    assert is_empty(empty)


async def test_pipx_runs_the_wheel(release: Release, tools: Tools, empty: Path, tmp_path: Path) -> None:
    run = ["pipx", "run", "--spec", str(release.file("*.whl")), "aep-flow-mcp", "serve", "--emulator"]
    await answers(tools, empty, run, PIPX_HOME=str(tmp_path / "pipx"))
    assert is_empty(empty)


@pytest.fixture(scope="session")
def own(release: Release, tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which pip has installed the sdist.

    What it depends on is there already, since pip would show nothing by it but how fast its index is.
    """
    folder = tmp_path_factory.mktemp("own")
    tools.run("uv", "venv", "--quiet", "--seed", "--allow-existing", str(folder), cwd=folder)
    locked = str(release.source / "distribution" / "locked.txt")
    tools.run("uv", "pip", "install", "--quiet", "--python", str(folder), "-r", locked, cwd=folder)
    python = next(folder.glob("[bS]*/python*"))
    tools.run(str(python), "-m", "pip", "install", "--quiet", str(release.file("*.tar.gz")), cwd=folder)
    return python.parent


async def test_pip_installs_the_sdist(own: Path, release: Release, tools: Tools, empty: Path) -> None:
    await answers(tools, empty, [str(own / "aep-flow-mcp"), "serve", "--emulator"])
    assert tools.run(str(own / "aep-flow-mcp"), "version", cwd=empty).strip() in release.file("*.whl").name


@pytest.fixture(scope="session")
def bundle(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked as a host does it."""
    folder = tmp_path_factory.mktemp("bundle") / "aep flow"
    with zipfile.ZipFile(release.file("*.mcpb")) as packed:
        packed.extractall(folder)
    return folder


def as_a_host_starts_it(bundle: Path, filled: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Command and variables as the format's own library makes them: what has no value and no default stays as it is."""
    described = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    options = described["user_config"]
    known = {key: option["default"] for key, option in options.items() if "default" in option} | filled
    values = {f"user_config.{key}": _as_text(value) for key, value in known.items()} | {
        "__dirname": str(bundle)
    }

    def substituted(text: str) -> str:
        return re.sub(r"\$\{([\w.]+)\}", lambda found: values.get(found[1], found[0]), text)

    start = described["server"]["mcp_config"]
    command = [substituted(part) for part in (start["command"], *start["args"])]
    return command, {name: substituted(value) for name, value in start["env"].items()}


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def test_the_unpacked_bundle_starts_by_its_manifest(bundle: Path, tools: Tools, empty: Path) -> None:
    command, variables = as_a_host_starts_it(bundle, {"emulator": True, "read_only": False})
    await answers(tools, empty, command, **variables)


async def test_the_bundle_without_any_answer_says_what_is_missing(
    bundle: Path, tools: Tools, empty: Path
) -> None:
    """It starts all the same, since a host shows the tools before a person has filled in anything."""
    command, variables = as_a_host_starts_it(bundle, {"read_only": True})
    assert "${user_config.sandbox}" in variables.values(), "nobody filled it in"
    async with Client(_started(tools, empty, command, variables)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {card["name"] for card in load_cards() if not card["writes"]}
        answer = await client.call_tool("list_flows", {})
        assert answer.is_error
        assert "AEP_CLIENT_ID" in str(answer.content)


async def test_the_plugin_starts_the_server_of_its_folder(
    release: Release, tools: Tools, empty: Path
) -> None:
    """The extension's command is the same but for the folder's placeholder (test_manifests.py)."""
    described = json.loads((release.source / ".claude-plugin" / "plugin.json").read_text(encoding="utf-8"))
    (server,) = described["mcpServers"].values()
    command = [
        part.replace("${CLAUDE_PLUGIN_ROOT}", str(release.source))
        for part in (server["command"], *server["args"])
    ]
    async with Client(_started(tools, empty, command, {})) as client:
        assert len((await client.list_tools()).tools) == len(load_cards())


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "npm", _install_published) / "node_modules" / ".bin"


def _install_published(folder: Path) -> str:
    program = shutil.which("npm")
    if not program or not shutil.which("node"):
        return "npm and node are not installed, so the published programs cannot be run"
    (folder / "package.json").write_text("{}", encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
    wanted = ["@anthropic-ai/mcpb@2.1.2", "@google/gemini-cli@0.61.0"]
    return installed([program, "install", *quiet, *wanted], folder)


def test_the_bundle_is_valid(npm: Path, bundle: Path, tmp_path: Path) -> None:
    assert "validation passes" in _said(
        npm / "mcpb", "validate", str(bundle / "manifest.json"), home=tmp_path
    )
    described = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    broken = tmp_path / "manifest.json"
    broken.write_text(json.dumps(described | {"undeclared": 1}), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        _said(npm / "mcpb", "validate", str(broken), home=tmp_path)


def test_the_bundle_unpacks_to_the_same_files(
    npm: Path, release: Release, bundle: Path, tmp_path: Path
) -> None:
    _said(npm / "mcpb", "unpack", str(release.file("*.mcpb")), str(tmp_path / "unpacked"), home=tmp_path)
    unpacked = {path.relative_to(tmp_path / "unpacked") for path in (tmp_path / "unpacked").rglob("*.py")}
    assert unpacked == {path.relative_to(bundle) for path in (bundle / "server").rglob("*.py")}


def test_the_extension_is_valid(npm: Path, release: Release, tmp_path: Path) -> None:
    said = _said(npm / "gemini", "extensions", "validate", str(release.source), home=tmp_path)
    assert "successfully validated" in said


def _said(program: Path, *arguments: str, home: Path) -> str:
    done = subprocess.run(
        [str(program), *arguments],
        cwd=home,
        env=os.environ | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout + done.stderr
