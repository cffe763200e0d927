"""The manifests for hosts and registries: made from one source, valid by the published schemas, right in every name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from skills_ref.validator import validate as validate_skill

import aep_flow_mcp
from aep_flow_mcp.prompts import load_prompts
from aep_flow_mcp.settings import KNOWN, ApprovalMode
from aep_flow_mcp.surface.snapshot import load_cards
from distribution import bundle, manifests, registry
from distribution.plugins import CONTEXT_FILE, claude_marketplace, claude_plugin, gemini_extension
from distribution.product import ROOT, SETTINGS, SHORT, product

FACTS = product()
KEPT = manifests.kept(FACTS)
CARDS = load_cards()
TEXTS = (manifests.SKILL_FILE, CONTEXT_FILE)
SECRETS = {"AEP_CLIENT_SECRET", "AEP_ACCESS_TOKEN"}


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_is_kept_is_what_the_source_makes(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == KEPT[name], "run `make manifests`"


def test_the_package_and_pyproject_say_one_version() -> None:
    assert aep_flow_mcp.__version__ == FACTS.version


def test_the_readme_names_the_files_of_this_version_and_the_plugin_by_its_names() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"dist/aep[-_]flow[-_]mcp-(\d+\.\d+\.\d+)", readme)) == {FACTS.version}
    assert f"{claude_plugin(FACTS)['name']}@{claude_marketplace(FACTS)['name']}" in readme


def test_nothing_else_calls_itself_a_skill_or_plugin() -> None:
    """A host reads these places whole, so a file that the source does not make would be installed with the rest."""
    found = [
        path
        for folder in ("skills", ".claude-plugin")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]
    assert {path.relative_to(ROOT).as_posix() for path in found} <= KEPT.keys()
    assert not (ROOT / ".mcp.json").exists(), (
        "it would be the project's own, for everybody who opens the checkout"
    )


class TestServerJson:
    schema: dict[str, Any] = json.loads(
        (files("skillsaw") / "schemas" / "mcp_registry" / "v2025_12_11" / "server.schema.json").read_text(
            "utf-8"
        )
    )

    def test_it_is_valid_and_names_no_package_while_nothing_is_published(self) -> None:
        document = json.loads(KEPT["server.json"])
        Draft7Validator(self.schema).validate(document)
        assert document["$schema"] == self.schema["$id"]
        assert document["version"] == FACTS.version
        assert not {"packages", "remotes"} & document.keys()
        assert document["name"] == registry.UNOWNED

    def test_it_names_what_a_publisher_says_is_out(self) -> None:
        document = registry.server_json(
            FACTS,
            name="io.github.somebody/aep-flow-mcp",
            on_pypi=True,
            bundle_url="https://example.com/aep-flow-mcp.mcpb",
            bundle_sha256="0" * 64,
        )
        Draft7Validator(self.schema).validate(document)
        pypi, mcpb = document["packages"]
        assert (pypi["registryType"], pypi["identifier"], pypi["version"]) == (
            "pypi",
            FACTS.name,
            FACTS.version,
        )
        assert [argument["value"] for argument in pypi["packageArguments"]] == ["serve"]
        assert (mcpb["registryType"], mcpb["fileSha256"]) == ("mcpb", "0" * 64)
        secret = {item["name"] for item in pypi["environmentVariables"] if item["isSecret"]}
        assert secret == SECRETS

    def test_the_schema_would_refuse_it(self) -> None:
        broken = json.loads(KEPT["server.json"]) | {"description": "x" * 101}
        assert not Draft7Validator(self.schema).is_valid(broken)
        assert len(SHORT) <= 100


class TestSkill:
    def test_it_is_in_the_agent_skills_format(self) -> None:
        assert validate_skill((ROOT / manifests.SKILL_FILE).parent) == []

    def test_it_is_short_enough_to_be_read_whole(self) -> None:
        assert len(KEPT[manifests.SKILL_FILE]) / 4.4 < 2_000
        assert len(KEPT[CONTEXT_FILE]) / 4.4 < 300

    @pytest.mark.parametrize("name", TEXTS)
    def test_every_name_in_it_is_one_of_the_surface(self, name: str) -> None:
        tools = {card["name"] for card in CARDS}
        members = {key for card in CARDS for key in _members(card["input"]) | _members(card["output"])}
        said = {
            word
            for span in re.findall(r"`([^`]+)`", KEPT[name])
            for word in re.findall(r"\b[a-z]+_[a-z_]+\b", span)
        }
        said.discard("get_")  # the family, as in "the `get_` tools"
        assert said - tools - members == set()
        assert len(said & tools) >= 6

    def test_it_names_every_core_tool_and_every_way_to_write_that_it_recommends(self) -> None:
        core = {card["name"] for card in CARDS if card["toolset"] == "core"}
        assert {name for name in core if f"`{name}`" not in KEPT[manifests.SKILL_FILE]} == set()

    def test_it_says_what_must_not_be_done(self) -> None:
        text = " ".join(KEPT[manifests.SKILL_FILE].split())
        assert "Never ask for a password, key or token in the conversation" in text
        assert "Call `confirm_change` only after they said yes" in text
        assert "${AEP_SECRET_NAME}" in text


def _members(schema: Any) -> set[str]:
    """The names of all properties in a schema, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(_members, schema), set())
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*map(_members, schema.values()), set())


class TestPlugins:
    @pytest.mark.parametrize(
        ("name", "schema"),
        [("plugin", "claude-code-plugin-manifest"), ("marketplace", "claude-code-marketplace")],
    )
    def test_the_plugin_is_valid_by_the_schema_of_schemastore(self, name: str, schema: str) -> None:
        store = os.environ.get("SCHEMASTORE")
        if not store:
            pytest.skip(
                "SCHEMASTORE names no checkout of SchemaStore/schemastore, which has Claude Code's schemas"
            )
        published = json.loads(
            (Path(store) / "src" / "schemas" / "json" / f"{schema}.json").read_text("utf-8")
        )
        Draft7Validator(published).validate(json.loads(KEPT[f".claude-plugin/{name}.json"]))

    @pytest.mark.parametrize(("field", "value", "passes"), [(None, None, True), ("version", 1, False)])
    def test_the_linter_of_plugins_and_skills_finds_nothing(
        self, field: str | None, value: Any, passes: bool, tmp_path: Path
    ) -> None:
        """skillsaw knows what Claude Code's own pages ask of a plugin and a marketplace."""
        for name, text in (KEPT | {"README.md": "# Read me\n"}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        if field:
            changed = claude_plugin(FACTS) | {field: value}
            (tmp_path / ".claude-plugin" / "plugin.json").write_text(json.dumps(changed), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "skillsaw",
            "lint",
            "--strict",
            "--no-custom-rules",
            "--no-plugins",
            ".",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode == 0) is passes, done.stdout

    def test_the_marketplace_offers_the_plugin_of_its_own_folder(self) -> None:
        offered = claude_marketplace(FACTS)["plugins"][0]
        plugin = claude_plugin(FACTS)
        assert {key: offered[key] for key in ("name", "version", "description")} == {
            key: plugin[key] for key in ("name", "version", "description")
        }
        assert (ROOT / offered["source"] / ".claude-plugin" / "plugin.json").is_file()

    def test_the_extension_declares_every_variable_and_ships_its_context(self) -> None:
        extension = gemini_extension(FACTS)
        assert {item["envVar"] for item in extension["settings"]} == {item.variable for item in SETTINGS}
        assert {item["envVar"] for item in extension["settings"] if item["sensitive"]} == SECRETS
        assert (ROOT / extension["contextFileName"]).is_file()

    def test_both_start_the_server_of_their_own_folder(self) -> None:
        for manifest, folder in (
            (claude_plugin(FACTS), "${CLAUDE_PLUGIN_ROOT}"),
            (gemini_extension(FACTS), "${extensionPath}"),
        ):
            (server,) = manifest["mcpServers"].values()
            assert [server["command"], *server["args"]] == ["uvx", "--from", folder, "aep-flow-mcp", "serve"]


class TestBundle:
    described = bundle.manifest(FACTS, cards=CARDS, prompts=load_prompts().values())

    def test_it_offers_what_the_server_offers(self) -> None:
        assert [tool["name"] for tool in self.described["tools"]] == [card["name"] for card in CARDS]
        assert {prompt["name"] for prompt in self.described["prompts"]} == load_prompts().keys()

    def test_no_template_is_left_in_a_prompt_and_no_argument_is_lost(self) -> None:
        for prompt in self.described["prompts"]:
            assert not re.search(r"\{[{%]", prompt["text"]), prompt["name"]
            assert set(re.findall(r"\$\{arguments\.(\w+)\}", prompt["text"])) == set(prompt["arguments"])

    def test_every_option_reaches_the_server_and_secrets_are_marked(self) -> None:
        env, options = self.described["server"]["mcp_config"]["env"], self.described["user_config"]
        assert {
            value.removeprefix("${user_config.").removesuffix("}") for value in env.values()
        } == options.keys()
        sensitive = {name for name, value in env.items() if options[value[14:-1]].get("sensitive")}
        assert sensitive == SECRETS

    def test_it_is_of_the_newest_form_that_needs_no_dependency_inside(self) -> None:
        assert (self.described["manifest_version"], self.described["server"]["type"]) == ("0.4", "uv")

    def test_its_project_takes_the_products_dependencies_in_the_locked_versions(self) -> None:
        import tomllib

        text = bundle.project_file(FACTS, ["a==1 ; sys_platform == 'win32'"])
        project = tomllib.loads(text)
        assert tuple(project["project"]["dependencies"]) == FACTS.dependencies
        assert project["project"]["requires-python"] == FACTS.requires_python
        assert project["tool"]["uv"] == {
            "package": False,
            "constraint-dependencies": ["a==1 ; sys_platform == 'win32'"],
        }


def test_the_settings_that_hosts_ask_for_are_settings() -> None:
    assert {setting.variable for setting in SETTINGS} <= set(KNOWN)
    assert {setting.variable for setting in SETTINGS if setting.secret} == SECRETS
    approval = next(setting for setting in SETTINGS if setting.variable == "AEP_MCP_APPROVAL")
    assert approval.choices == tuple(ApprovalMode)
    assert all(f"{choice}:" in approval.description for choice in approval.choices)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_nothing_claims_to_be_published(name: str) -> None:
    """A package name without a file or folder would be looked up on an index, where somebody else may own it."""
    assert not re.search(r"(uvx|pipx run|pip install|npx)\s+(?!--from|--spec)[a-z]", KEPT[name])
    assert "github.com/" not in KEPT[name]
