"""Every block of README and docs is right as it stands: data parse, commands are such as their programs take."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from aep_flow_mcp.cli import app
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.settings import read_settings
from pages.blocks import DATA, OTHERS, OURS, ROOT, SHELLS, Block, blocks, blocks_of, commands, data, entries

BLOCKS = blocks()
DATA_BLOCKS = [block for block in BLOCKS if block.language in DATA]
COMMANDS = [command for block in BLOCKS if block.language in SHELLS for command in commands(block)]
PYTHON = [block for block in BLOCKS if block.language == "python"]

PROGRAMS = {"curl", "make", OURS}
"""They are here: make's targets are looked up, the others are run by test_blocks_run.py."""
_SIGNING_IN = (
    "docs/team.md's need a provider: tests/serving/test_real_provider.py starts one and does the same"
)
_REPLICAS = "two replicas and a store: tests/serving/test_two_replicas.py starts them and does the same"
NOT_RUN = {
    **dict.fromkeys(
        (
            "npm install oidc-provider",
            "cp .../aep-flow-mcp/tests/serving/provider.mjs",
            "node provider.mjs",
            "export AEP_MCP_AUTH",
            f"{OURS} serve --emulator --transport http",
            "curl -i -X POST http://127.0.0.1:8000/mcp",
            "curl http://127.0.0.1:8000/.well-known",
            "curl -u nightly",
        ),
        _SIGNING_IN,
    ),
    "curl -i http://127.0.0.1:8000/": "a server of the page's own: tests/serving/test_health.py asks the same",
    "docker": "it takes a daemon: tests/packages/test_image_built.py and test_deploy.py use it where it is, and "
    "tests/serving/test_compose_run.py starts the services without it",
    "kubectl": "it takes a cluster",
    "helm": "likewise; tests/packages/test_deploy.py lints and renders the chart where helm is",
    "export AEP_MCP_TRACES": "it takes a collector: tests/serving/test_traces.py has one",
    **dict.fromkeys(
        (
            "pip install aep-flow-mcp[redis]",
            "redis-server",
            "openssl rand",
            "export AEP_PLATFORM_URL",
            "export AEP_CLIENT_ID",
            "export AEP_MCP_REDIS_URL",
            f"{OURS} serve --transport http --port 8001",
        ),
        _REPLICAS,
    ),
    "caddy run": "two replicas behind it: tests/serving/test_compose_run.py starts it with this file, where it is",
    "export AEP_MCP_APPROVERS": "it goes with AEP_MCP_AUTH_CLIENT_ID, as above",
    f"{OURS} doctor --env-file /etc": "it is about a company's own provider",
    f"{OURS} serve --transport http --env-file /etc": "likewise",
    "python3 -m pip install": "it would install into the environment of the tests",
    "claude": "a host; what it is told to start is parsed",
    "uvx": "it needs the file of a release; what it starts is parsed",
    "sha256sum": "it needs the files of a release",
    "cd": "it belongs to what comes after it",
    "mcp-publisher": "it publishes",
}
"""Commands that a test cannot run, by their first words, and why."""


def parsed(arguments: tuple[str, ...]) -> dict[str, Any]:
    """What our command line makes of its arguments; nothing is done.

    Raises:
        Exception: it does not take them (of the parser's own kind).
    """
    command: Any = typer.main.get_command(app)
    name, parent, rest = OURS, None, list(arguments)
    while True:
        context = command.make_context(name, rest, parent=parent)
        if not hasattr(command, "resolve_command"):
            return dict(context.params)
        left = [*context._protected_args, *context.args]
        name, inner, rest = command.resolve_command(context, left)
        command, parent = inner, context


def test_there_is_no_block_of_an_unknown_kind() -> None:
    assert {block.language for block in BLOCKS} <= DATA | SHELLS | OTHERS, [
        str(block) for block in BLOCKS if block.language not in DATA | SHELLS | OTHERS
    ]
    assert len(DATA_BLOCKS) > 200
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("page", sorted({block.page for block in DATA_BLOCKS}))
def test_data_can_be_read(page: str) -> None:
    for block in DATA_BLOCKS:
        if block.page == page:
            try:
                data(block)
            except ValueError as error:
                pytest.fail(f"{block}: {error}")


def _entries() -> list[tuple[str, dict[str, Any]]]:
    found = [(str(block), entry) for block in DATA_BLOCKS for entry in entries(data(block))]
    for command in COMMANDS:
        for word in command.words:
            if word.startswith("{") and OURS in word:
                found += [(str(command), entry) for entry in entries(json.loads(word))]
    return found


@pytest.mark.parametrize(
    ("where", "entry"), _entries(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_a_host_is_told_to_start_is_a_command_with_settings(
    where: str, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "serve" in entry["args"], where
    parsed(tuple(entry["args"]))
    variables: dict[str, str] = entry.get("env") or entry.get("envs") or {}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read_settings()  # a misspelt name, or a value that is none, stops it


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.ours() is not None], ids=str)
def test_our_command_takes_what_it_is_given(command: Any) -> None:
    parsed(command.ours())


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.words[0] == "make"], ids=str)
def test_make_has_the_target_and_the_variables(command: Any) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in command.words[1:]:
        name, sign, _ = word.partition("=")
        known = rf"\$\({name}\)|\$\(if \$\({name}\)" if sign else rf"^{re.escape(word)}:"
        assert re.search(known, makefile, re.MULTILINE), f"{command}: {word}"


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_is_run_or_on_the_list_of_those_that_cannot_be(command: Any) -> None:
    if command.words[0] not in PROGRAMS:
        assert any(" ".join(command.words).startswith(start) for start in NOT_RUN), str(command)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_does_what_it_says(block: Block) -> None:
    given = {"flow_id": SCENARIOS["healthy"]}
    exec(compile(ast.parse(block.text), str(block), "exec"), given)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_our_commands_inside_of_sentences_are_such_as_it_takes(path: Path) -> None:
    """An argument may be left out there: a sentence may be about the command as such."""
    for text in re.findall(rf"`{OURS} ([^`…]+)`", path.read_text("utf-8")):
        try:
            parsed(tuple(text.split()))
        except Exception as error:
            if type(error).__name__ != "MissingParameter":
                raise AssertionError(f"{path.name}: {OURS} {text}: {error}") from error


def test_what_is_wrong_would_be_seen() -> None:
    page = (
        "```json\n{,}\n```\n\n```console\naep-flow-mcp serve --no-such\n```\n\n"
        "    make no-such-target\n\n```rust\nx\n```\n"
    )
    broken, shell, indented, unknown = blocks_of(page, "page.md")
    with pytest.raises(ValueError, match="property name"):
        data(broken)
    with pytest.raises(Exception, match="No such option"):
        parsed(commands(shell)[0].ours() or ())
    assert commands(indented)[0].words == ("make", "no-such-target")
    assert unknown.language not in DATA | SHELLS | OTHERS


def test_commands_are_cut_as_a_shell_cuts_them() -> None:
    text = "A=1 make x  # why\nT=$(curl -s u \\\n  -d b | python3 -c 'c d')\ncd dist && aep-flow-mcp demo\n"
    words = [command.words for command in commands(Block("p", 1, "sh", text))]
    assert words == [
        ("make", "x"),
        ("curl", "-s", "u", "-d", "b", "|", "python3", "-c", "c d)"),
        ("cd", "dist"),
        ("aep-flow-mcp", "demo"),
    ]


def test_comments_and_trailing_commas_are_read_as_hosts_read_them() -> None:
    text = '{"a": "// no comment, }", /* one */ "b": [1, 2,], // two\n}'
    assert data(Block("p", 1, "jsonc", text)) == {"a": "// no comment, }", "b": [1, 2]}
