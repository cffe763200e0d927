"""docs/hosts is what the data of `configure` says, and what it shows is what a host reads."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from aep_flow_mcp.configuring.hosts import HOSTS, Host
from configuring.files import parsed
from configuring.pages import EXAMPLE_ENV, PAGES, ROOT, TOLD, index, page

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("host", HOSTS.values(), ids=lambda host: host.name)
def test_a_page_is_as_it_was_made(host: Host) -> None:
    assert (PAGES / f"{host.name}.md").read_text("utf-8") == page(host), "run `make hosts`"
    assert host.source.startswith("https://")
    assert host.source in page(host)


def test_every_host_has_one_page_and_no_page_is_left_over() -> None:
    assert {path.stem for path in PAGES.iterdir()} == {"README", *HOSTS}
    assert set(TOLD) == set(HOSTS)
    assert (PAGES / "README.md").read_text("utf-8") == index(), "run `make hosts`"


@pytest.mark.parametrize(
    "host", [host for host in HOSTS.values() if not host.remote], ids=lambda host: host.name
)
def test_the_entry_of_a_page_is_read_by_its_format(host: Host) -> None:
    [(language, text)] = _BLOCK.findall((PAGES / f"{host.name}.md").read_text("utf-8"))
    assert language == host.format
    entry = parsed(host.format, text.encode())[host.key]["aep-flow"]
    assert entry == host.shaped("aep-flow-mcp", ["serve"], EXAMPLE_ENV)


def test_links_lead_to_files() -> None:
    for path in [*PAGES.glob("*.md"), ROOT / "docs" / "platforms.md"]:
        for link in _LINK.findall(path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_the_command_of_claude_code_takes_an_entry() -> None:
    text = (PAGES / "claude-code.md").read_text("utf-8")
    [line] = [line.strip() for line in text.splitlines() if "add-json" in line]
    *command, name, entry = shlex.split(line)
    assert (command[-2:], name) == (["--scope", "user"], "aep-flow")
    assert json.loads(entry)["args"] == ["serve"]


def test_the_readme_leads_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "docs/hosts/README.md" in text
    for host in HOSTS.values():
        assert host.title.split(" (")[0].removeprefix("GitHub ").split()[-1] in text, host.title
