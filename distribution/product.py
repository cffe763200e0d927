"""The facts that every package and manifest repeats, each from the one place that decides it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "aep-flow-mcp"
SERVER_NAME = "aep-flow"
"""What a host's configuration calls the server, as `aep-flow-mcp configure` does."""
TITLE = "AEP data pipelines"
SHORT = "Ask about Adobe Experience Platform data pipelines, and change them after you have approved."
"""At most 100 characters: registries take no more."""
LONG = (
    "Answers questions such as what failed last night and why, which flows feed a dataset, and what a change would "
    "break, through the Flow Service of Adobe Experience Platform. It plans each change, shows exactly what would be "
    "sent, and sends it only after a person approved. An emulated organisation is built in, to try it without an Adobe "
    "account. Not affiliated with Adobe."
)


@dataclass(frozen=True)
class Product:
    """What pyproject.toml says."""

    name: str
    version: str
    description: str
    license: str
    author: str
    keywords: tuple[str, ...]
    requires_python: str
    dependencies: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """A variable that a host may ask a person for when it installs the server."""

    variable: str
    title: str
    description: str
    kind: Literal["string", "boolean", "file"] = "string"
    secret: bool = False
    default: str | bool | None = None
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The variable's name as hosts write keys: `client_secret`, `read_only`."""
        return self.variable.removeprefix("AEP_").removeprefix("MCP_").lower()


SETTINGS = (
    Setting(
        "AEP_CONFIG_FILE",
        "Credentials file",
        "The JSON file of an OAuth server-to-server credential, as Adobe Developer Console downloads it. It holds what "
        "the next four fields hold: fill in the file, or the four.",
        kind="file",
    ),
    Setting("AEP_CLIENT_ID", "Client ID", "Of the OAuth server-to-server credential."),
    Setting("AEP_CLIENT_SECRET", "Client secret", "Of the OAuth server-to-server credential.", secret=True),
    Setting("AEP_ORG_ID", "Organisation ID", "Ends in @AdobeOrg."),
    Setting("AEP_SCOPES", "Scopes", "Of the credential, with commas between them."),
    Setting(
        "AEP_ACCESS_TOKEN",
        "Access token",
        "Instead of a secret: a token obtained elsewhere, with client ID and organisation ID. It ends after a day.",
        secret=True,
    ),
    Setting("AEP_SANDBOX", "Sandbox", "The name of the sandbox to work in, e.g. dev. There is no default."),
    Setting(
        "AEP_MCP_READ_ONLY",
        "Read only",
        "Tools that write are neither listed nor callable.",
        kind="boolean",
        default=False,
    ),
    Setting(
        "AEP_MCP_APPROVAL",
        "Who approves a change",
        "ask: a person through the host, or a second call where the host cannot ask. human: only a person through the "
        "host. browser: a page that opens on this machine. two-step: always the second call. none: nobody, for "
        "automation.",
        default="ask",
        choices=("ask", "human", "browser", "two-step", "none"),
    ),
)


def product(root: Path = ROOT) -> Product:
    """Read pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Product(
        name=project["name"],
        version=project["version"],
        description=project["description"],
        license=project["license"],
        author=project["authors"][0]["name"],
        keywords=tuple(project["keywords"]),
        requires_python=project["requires-python"],
        dependencies=tuple(project["dependencies"]),
    )
