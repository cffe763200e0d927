"""The server through clients that nobody here wrote, each in an environment of its own: `make test-clients`.

Every client does the same (`stories/`): it lists the tools, asks with an explicit null, meets an error, previews a
write and confirms it. What it met is held against what the SDK's own client gets.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.surface.snapshot import load_cards

STORIES = Path(__file__).parent / "stories"
ENVIRONMENTS = Path(__file__).parents[2] / ".venv-clients"
SERVER = [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator"]
PYTHON, LANGCHAIN = ENVIRONMENTS / "python" / "bin" / "python", ENVIRONMENTS / "langchain" / "bin" / "python"
NODE = ENVIRONMENTS / "typescript"
CLIENTS = ["fastmcp", "openai_agents", "pydantic_ai", "langchain", "typescript_1", "typescript_2"]


def _command(client: str) -> list[str]:
    if client.startswith("typescript"):
        node = shutil.which("node")
        if node is None or not (NODE / "node_modules").is_dir():
            pytest.skip(
                "Node.js or the TypeScript clients are not here: `make test-clients` installs them with npm"
            )
        # Modules are found from where a script lies.
        for script in STORIES.glob("*.mjs"):
            shutil.copy(script, NODE)
        return [node, str(NODE / f"with_{client}.mjs")]
    python = LANGCHAIN if client == "langchain" else PYTHON
    if not python.exists():
        pytest.skip(f"the environment of {client} is not here: `make test-clients` makes it")
    return [str(python), str(STORIES / f"with_{client}.py")]


@pytest.fixture(scope="module", params=CLIENTS)
def met(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a client met."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    done = subprocess.run(
        [*_command(request.param), *SERVER],
        capture_output=True,
        text=True,
        timeout=300,
        env=kept,
        cwd=tmp_path_factory.mktemp("client"),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return {"client": request.param, **json.loads(done.stdout)}


def test_it_lists_every_tool(met: dict[str, Any]) -> None:
    assert sorted(met["tools"]) == sorted(card["name"] for card in load_cards())


def test_null_is_left_out_and_the_structure_arrives(met: dict[str, Any]) -> None:
    assert len(met["flows"]["items"]) == 2
    assert all(flow["id"] in met["flows_text"] for flow in met["flows"]["items"])


def test_an_error_is_an_error_and_one_sentence(met: dict[str, Any]) -> None:
    assert met["unknown_is_error"] is True
    assert "answered 404: flows not found" in met["unknown"]
    assert "Error executing tool" not in met["unknown"]


def test_a_write_is_previewed_and_only_its_confirmation_sends(met: dict[str, Any]) -> None:
    assert "needs_confirmation" in met["preview"]
    assert "enabled" in met["before"]
    assert "disabled" not in met["before"]
    assert "done" in met["confirmed"]
    assert "disabled" in met["after"]


def test_who_starts_a_server_for_each_call_is_told_why_nothing_is_confirmed(met: dict[str, Any]) -> None:
    alone = met.get("a_server_for_each_call")
    if alone is None:
        pytest.skip(f"{met['client']} keeps its session")
    assert "let it keep one session for all calls" in alone["confirmed"]
    assert "disabled" not in alone["after"]
