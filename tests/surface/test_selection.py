"""Which tools are listed and callable, and the sentence for each that is not."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.settings import ApprovalMode, Settings, SettingsError
from aep_flow_mcp.surface.selection import refusals


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
