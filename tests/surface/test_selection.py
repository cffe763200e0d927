"""Which tools are listed and callable, and the sentence for each that is not."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import Headers

from aep_flow_mcp.settings import ApprovalMode, Settings, SettingsError
from aep_flow_mcp.surface.selection import (
    READ_ONLY_HEADER,
    TOOLSETS_HEADER,
    Narrowing,
    narrowed,
    narrowing,
    quoted,
    refusals,
)
from aep_flow_mcp.surface.snapshot import load_cards


def _settings(**changed: Any) -> Settings:
    return Settings.model_construct(**{**dict(Settings.model_construct()), **changed})


def _card(name: str, toolset: str, *, writes: bool = False) -> dict[str, Any]:
    return {"name": name, "toolset": toolset, "writes": writes}


CARDS = [
    _card("describe_flow", "core"),
    _card("list_flows", "flows"),
    _card("delete_flow", "flows", writes=True),
    _card("confirm_change", "core", writes=True),
]


def test_everything_by_default() -> None:
    assert refusals(CARDS, _settings()) == {}


def test_toolsets_and_further_tools_add_up() -> None:
    refused = refusals(CARDS, _settings(mcp_toolsets=("core",), mcp_tools=("delete_flow",)))
    assert set(refused) == {"list_flows"}
    assert "AEP_MCP_TOOLSETS" in refused["list_flows"]


def test_named_tools_alone() -> None:
    assert set(refusals(CARDS, _settings(mcp_tools=("list_flows",)))) == {
        "describe_flow",
        "delete_flow",
        "confirm_change",
    }


def test_exclusion_wins() -> None:
    refused = refusals(CARDS, _settings(mcp_tools=("list_flows",), mcp_exclude_tools=("list_flows",)))
    assert "AEP_MCP_EXCLUDE_TOOLS" in refused["list_flows"]


def test_read_only_names_its_setting() -> None:
    refused = refusals(CARDS, _settings(mcp_read_only=True))
    assert set(refused) == {"delete_flow", "confirm_change"}
    assert all("AEP_MCP_READ_ONLY" in reason for reason in refused.values())


@pytest.mark.parametrize("mode", [ApprovalMode.HUMAN, ApprovalMode.BROWSER, ApprovalMode.NONE])
def test_confirm_change_only_where_it_is_used(mode: ApprovalMode) -> None:
    assert set(refusals(CARDS, _settings(mcp_approval=mode))) == {"confirm_change"}


def test_an_unknown_name_is_said_with_close_ones() -> None:
    with pytest.raises(SettingsError, match=r"AEP_MCP_TOOLS names 'list_flow', .*list_flows"):
        refusals(CARDS, _settings(mcp_tools=("list_flow",)))
    with pytest.raises(SettingsError, match="AEP_MCP_TOOLSETS names 'coer'"):
        refusals(CARDS, _settings(mcp_toolsets=("coer",)))


@pytest.mark.parametrize(
    ("headers", "read_only"),
    [
        ([], False),
        (["false"], False),
        (["true"], True),
        (["false", "true"], True),
        (["true", "false"], True),
        (["", "1"], True),
        (["false, true"], True),
        (["false, no", "0"], False),
    ],
)
def test_read_only_if_any_header_says_so(headers: list[str], read_only: bool) -> None:
    raw = [(READ_ONLY_HEADER.encode(), value.encode()) for value in headers]
    assert narrowing(Headers(raw=raw)).read_only is read_only


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ([], {"describe_flow", "list_flows", "delete_flow", "confirm_change"}),
        (["all", "core"], {"describe_flow"}),
        (["core", "all"], {"describe_flow"}),
        (["core, flows", "flows"], {"list_flows", "delete_flow", "confirm_change"}),
        (["core", "flows"], set()),
        (["", "core"], {"describe_flow"}),
    ],
)
def test_several_headers_of_toolsets_leave_what_all_name(headers: list[str], left: set[str]) -> None:
    raw = [(TOOLSETS_HEADER.encode(), value.encode()) for value in headers]
    refused = narrowed(CARDS, {}, narrowing(Headers(raw=raw)), _settings())
    assert {card["name"] for card in CARDS} - set(refused) == left


def test_a_plain_mapping_narrows_as_well() -> None:
    assert narrowing({READ_ONLY_HEADER: "1", TOOLSETS_HEADER: "Core"}) == Narrowing(True, (("core",),))
    with pytest.raises(SettingsError, match="X-AEP-MCP-Toolsets names 'coer'"):
        narrowing({TOOLSETS_HEADER: "coer"})


def test_names_without_end_are_not_repeated() -> None:
    said = quoted(["x" * 10_000, *map(str, range(1_000_000))])
    assert said.startswith("'xxx")
    assert said.endswith("'3', 999,996 more")
    assert len(said) < 200
    with pytest.raises(SettingsError) as wrong:
        narrowing({TOOLSETS_HEADER: " ".join(map(str, range(30_000)))})
    assert len(str(wrong.value)) < 500


def test_the_essential_set_can_renew_a_credential() -> None:
    refused = refusals(load_cards(), _settings(mcp_toolsets=("essential",)))
    assert "update_connection" not in refused
