"""`make hosts`: writes docs/hosts, a page for each host, from the same data as `configure`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aep_flow_mcp.configuring.editing import editor_of, with_entry
from aep_flow_mcp.configuring.hosts import HOSTS, SERVER_NAME, Host, Scope, System

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "hosts"
SURFACE = ROOT / "src" / "aep_flow_mcp" / "surface" / "surface.json"
_SYSTEMS = {System.MACOS: "macOS", System.LINUX: "Linux", System.WINDOWS: "Windows"}
EXAMPLE_ENV = {
    "AEP_CONFIG_FILE": "/path/to/the-downloaded.json",
    "AEP_SANDBOX": "dev",
    "AEP_MCP_READ_ONLY": "true",
}
"""The entry of each page: as `configure` writes it, but for the command, which is the one on the path."""


@dataclass(frozen=True)
class Told:
    """What is known of a host beside its file: whether it can ask (None: not documented), and sentences of its own."""

    asks: bool | None = None
    before: str = ""
    approvals: str = ""
    limits: list[str] = field(default_factory=list)


_CONFIRMED_BY_HAND = "Do not allow `confirm_change` for good: that prompt would then be gone."

TOLD: dict[str, Told] = {
    "claude-desktop": Told(
        approvals="Claude Desktop asks before a tool runs, and can be told not to ask again for it. "
        + _CONFIRMED_BY_HAND,
        limits=[
            "Its maker documents the file for macOS and Windows; the place on Linux is where builds of others look.",
            "It reads the file when it starts: quit it, not only its window.",
        ],
    ),
    "claude-code": Told(
        asks=True,
        before="Without more words the file of the project is written, which others who open the project are asked "
        "to trust; the paths in it are those of this machine. For yourself alone, in every project, its own command "
        "is the better way than `--scope user`, as running sessions rewrite that file:\n\n"
        "    claude mcp add-json --scope user aep-flow "
        '\'{"command": "aep-flow-mcp", "args": ["serve"], "env": {"AEP_SANDBOX": "dev"}}\'',
        approvals="Its own permission rules name a tool as `mcp__aep-flow__TOOL`: allow none that writes for good.",
        limits=[
            "`${VAR}` in the file is replaced from the shell that started it; a variable that is not set stays as "
            "text, and then this server says so at its start.",
        ],
    ),
    "cursor": Told(
        asks=True,
        approvals="Cursor asks before it runs a tool, unless auto-run is on.",
        limits=["The file of a project is read beside the user's, so one of them is enough."],
    ),
    "vscode": Told(
        asks=True,
        approvals="VS Code asks before a tool runs; what it offers to allow for the session or the workspace should "
        "not be `confirm_change`.",
        limits=[
            "A profile other than the default has an `mcp.json` of its own: run **MCP: Open User Configuration** in "
            "it, and put in what `--print` shows.",
            "The portable form that Copilot's own sessions read is `configure copilot-cli`.",
        ],
    ),
    "windsurf": Told(
        before="Windsurf is Devin Desktop since June 2026: [devin-desktop](devin-desktop.md). This page is for "
        "versions before.",
        limits=[
            "Cascade has room for 100 tools in all, and this server lists {tools}: name what you use in "
            "`AEP_MCP_TOOLSETS` ([settings](../settings.md)).",
            "Press refresh in the list of servers after a change.",
        ],
    ),
    "devin-desktop": Told(
        before="Windsurf has this name since June 2026; versions before read [another file](windsurf.md).",
        approvals="Devin Local asks before it calls a tool for the first time; a tool can be allowed for the session "
        "or for good. " + _CONFIRMED_BY_HAND,
        limits=["We know the file from guides of third parties (below), not from a page of its maker."],
    ),
    "zed": Told(
        asks=False,
        limits=[
            "Of what this server offers, Zed takes tools and prompts; resources are reached by tools here.",
            "The file holds all of Zed's settings, with comments: they stay.",
        ],
    ),
    "jetbrains": Told(
        before="This is the file of Junie. AI Assistant keeps its servers in the IDE's own settings: there, go to "
        "**Settings | Tools | AI Assistant | Model Context Protocol (MCP)**, add a server, choose JSON and paste what "
        "`aep-flow-mcp configure jetbrains --print` shows "
        "([source](https://www.jetbrains.com/help/ai-assistant/mcp.html)).",
        approvals="Junie asks before it runs a tool, unless its Action Allowlist names it.",
        limits=[
            "Programs with a window may lack the shell's `PATH`: `configure` writes full paths for that reason."
        ],
    ),
    "codex": Told(
        approvals="`default_tools_approval_mode` in the table of the server says whether Codex asks before a tool.",
        limits=[
            "Codex waits `startup_timeout_sec` (10 unless it is set) for a server to start, and `tool_timeout_sec` for "
            "an answer: give a write that waits for a person longer.",
            "The CLI, the IDE extension and the desktop application read the same file; that of a project counts only "
            "where the project is trusted.",
        ],
    ),
    "gemini-cli": Told(
        approvals='Gemini CLI asks before a tool runs. `"trust": true` in the entry would end that: leave it out.',
        limits=[
            "`$NAME` and `${NAME}` in `env` are replaced from the shell.",
            "`includeTools` and `excludeTools` in the entry narrow what it lists; so does `AEP_MCP_TOOLSETS`.",
        ],
    ),
    "copilot-cli": Told(
        approvals='`"tools": ["*"]` says which tools it may see, not which run unasked. '
        "Do not start it with a flag that allows all tools.",
        limits=[
            "`/mcp show` lists what it found.",
            "`${VAR}` in `env` is replaced from the shell; text without braces is taken as it is.",
        ],
    ),
    "goose": Told(
        approvals="**Goose runs tools without asking unless `GOOSE_MODE` is `approve` or `smart_approve`** (its "
        "default is `auto`). In `auto`, set `AEP_MCP_APPROVAL=browser`, so that a person and not the model says yes.",
        limits=["`timeout` is in seconds, and holds for the time in which a person thinks as well."],
    ),
    "chatgpt": Told(
        approvals="ChatGPT shows tools that write as such and asks before it calls them.",
        limits=[
            "Never let it listen to the internet without sign-in: everybody who found the address would act with your "
            "credential. OpenAI's Secure MCP Tunnel reaches a server that does not listen there.",
            "There is no entry to print; `aep-flow-mcp configure chatgpt` says the same as this page.",
        ],
    ),
}


def example(host: Host) -> str:
    """The whole of a file that holds nothing else, with the command that is on the path."""
    entry = host.shaped("aep-flow-mcp", ["serve"], EXAMPLE_ENV)
    return with_entry(editor_of(host.format), "", host.path, entry)


def page(host: Host) -> str:
    """The page of a host."""
    told = TOLD[host.name]
    parts = [f"# {host.title}", *(_remote(host) if host.remote else _local(host, told))]
    parts += ["## Who says yes", _approvals(host, told)]
    if told.limits:
        tools = str(len(json.loads(SURFACE.read_text("utf-8"))))
        parts += [
            "## Known limits",
            "\n".join(f"- {limit.replace('{tools}', tools)}" for limit in told.limits),
        ]
    parts.append(f"Source: <{host.source}>. Not run by us: [platforms](../platforms.md).")
    return "\n\n".join(parts) + "\n"


def _local(host: Host, told: Told) -> list[str]:
    commands = [f"    aep-flow-mcp configure {host.name}"]
    rows = "\n".join(
        f"| {title} | `{_shown(host.places[system], system)}` |" for system, title in _SYSTEMS.items()
    )
    project = []
    if host.project and host.scope is Scope.PROJECT:
        commands.append(f"    aep-flow-mcp configure {host.name} --scope user")
        project = [
            f"The file of a project, which is written unless you say `--scope user`: `{host.project}`."
        ]
    elif host.project:
        commands.append(f"    aep-flow-mcp configure {host.name} --scope project")
        project = [f"The file of a project (`--scope project`): `{host.project}`."]
    commands.append(f"    aep-flow-mcp configure {host.name} --remove")
    if host.moved:
        project.append(f"`{host.moved[0]}` stands for `{host.moved[1]}` where it is set.")
    return [
        "\n".join(commands),
        *([told.before] if told.before else []),
        "## The file",
        f"| system | the user's file |\n| --- | --- |\n{rows}",
        *([" ".join(project)] if project else []),
        "## The entry",
        f"`configure` writes it with the full path of this Python; by hand, `{host.key}` gains `{SERVER_NAME}`:",
        f"```{host.format}\n{example(host)}```",
    ]


def _remote(host: Host) -> list[str]:
    return [
        f"{host.title} starts no program on your machine and reads no file: it reaches servers over HTTPS.",
        "1. Run `aep-flow-mcp serve --transport http` behind something that ends TLS, with `AEP_MCP_AUTH=oidc`, so "
        "that people sign in at your company's provider ([for a team](../team.md)), and its name in "
        "`AEP_MCP_ALLOWED_HOSTS` ([settings](../settings.md), over HTTP).\n"
        "2. In ChatGPT on the web, under Plugins, choose **Add custom MCP server** and give the address, ending in "
        "`/mcp`.\n"
        "3. Choose OAuth there, as the provider wants it, and read its warning.",
    ]


def _shown(place: str, system: System) -> str:
    if system is System.WINDOWS:
        return place.replace("~", "%USERPROFILE%").replace("/", "\\")
    return place.replace("$XDG_CONFIG_HOME", "~/.config")


def _approvals(host: Host, told: Told) -> str:
    if told.asks:
        how = (
            f"{host.title} can ask on a server's behalf (elicitation), so by default (`AEP_MCP_APPROVAL=ask`) the "
            "preview of a write is a question that it shows, and nothing is sent before a yes."
        )
    else:
        says = (
            f"By its documentation {host.title} cannot ask on a server's behalf (elicitation)."
            if told.asks is False
            else f"We found no word of {host.title} asking on a server's behalf (elicitation) in its documentation."
        )
        how = (
            f"{says} A client that cannot gets the preview of a write as an answer, and the write is sent by a second "
            "call, `confirm_change`: the host's own prompt on that tool is then the only gate ([safety](../safety.md))."
        )
        if not host.remote:
            how += " `AEP_MCP_APPROVAL=browser` asks on a page in your browser instead."
    return f"{how} {told.approvals}".strip()


def index() -> str:
    """The list of the pages."""
    rows = "\n".join(
        f"| [{host.title}]({host.name}.md) | `{host.name}` | {'over HTTPS' if host.remote else host.format.upper()} |"
        for host in HOSTS.values()
    )
    return f"""# Hosts

`aep-flow-mcp configure HOST` puts this server into the configuration of a host; without a host it lists them, with the
file of each on this machine.

| host | name | its file |
| --- | --- | --- |
{rows}

| option | what it does |
| --- | --- |
| `--emulator` | the entry starts the server on the built-in emulator: nothing else is needed |
| `--env-file FILE` | the entry reads settings from this file |
| `--scope project` | the file of the project in this folder, where the host has one; `user` is the user's |
| `--print` | shows what belongs into the file; reads and writes nothing |
| `--remove` | takes the entry out again |

What else the file holds stays as it is to the byte: other servers, comments, trailing commas, order, indents, line
ends, a byte order mark, a missing newline at the end. So do its mode and the link by which it is reached. The file is
replaced as a whole or not at all, and as it was before the first time it is kept beside it (`.before-aep-flow-mcp`). A
file that is broken (the line and the column are named), read-only, not UTF-8, or changed by its host meanwhile is left
alone.

Run again, `configure` keeps what you set by hand in the entry of your own file, and tells the values of what says where
credentials go and who may approve. Variables that can have other code run (`PYTHON…`, `LD_…`, `DYLD_…`) are taken out.
It takes `AEP_CONFIG_FILE`, the sandboxes and the like from the shell; **no secret is ever written**, so credentials are
best in the file that `AEP_CONFIG_FILE` names, and what was not taken is named.

**The file of a project may come from others.** From its entry only what sends nothing elsewhere and allows nothing more
is kept: the sandboxes, which tools are listed, `AEP_MCP_READ_ONLY=true`, an `AEP_MCP_APPROVAL` as strict as `ask` and
as this shell's, `disabled`, time limits. An entry with anything else that this shell does not say is refused, and each
member of it is named: another URL, another approval, a command or arguments of its own, `cwd`, `envFile`, `url`. Take
that out by hand, or the whole entry with `--remove`. Links that lead out of the project are not followed.

The pages are made by `make hosts` from the data that `configure` uses.
"""


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    (PAGES / "README.md").write_text(index(), "utf-8")
    for host in HOSTS.values():
        (PAGES / f"{host.name}.md").write_text(page(host), "utf-8")


if __name__ == "__main__":
    main()
