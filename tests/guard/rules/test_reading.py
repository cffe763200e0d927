"""A policy file that is wrong is refused with the line and the field; its schema is that of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.rules.models import PolicyFile, Verb
from aep_flow_mcp.guard.rules.reading import PolicyError, parsed, policy_of, read_policy
from aep_flow_mcp.guard.rules.schema import PATH, schema_text
from guard.bed import settings

GOOD = """\
version: 1
timezone: Europe/Berlin
rules:
  - name: office hours
    who:
      roles: [engineers]
    may: [update, enable, disable, run]
    where:
      sandboxes: [dev, "stage-*"]
    when:
      - days: [mon, tue]
        hours: 09:00-17:00
    a_day: 20
freezes:
  - name: year end
    from: 2026-12-18
    to: 2027-01-02
"""


def test_a_good_file_is_read() -> None:
    found = parsed(GOOD, "policy.yaml")
    assert found.rules[0].when is not None
    assert found.rules[0].when[0].hours == "09:00-17:00"
    assert found.freezes[0].last.isoformat() == "2027-01-02"


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("version: 1", "version: 2", 1, "version takes 1"),
        ("Europe/Berlin", "Europe/Bonn", 2, "timezone is no IANA time zone"),
        ("  - name: office hours\n", "  - nam: office hours\n", 4, "rules[1].nam is not known here"),
        ("roles: [engineers]", "rolls: [engineers]", 6, "rules[1].who.rolls is not known here"),
        ("roles: [engineers]", "roles: []", 6, "rules[1].who.roles"),
        ("roles: [engineers]", "everyone: false", 6, "rules[1].who.everyone takes True"),
        ("      roles: [engineers]", "      {}", 5, "rules[1].who names nobody"),
        ("[update, enable", "[update, erase", 7, "rules[1].may[2]"),
        ("may: [update, enable, disable, run]", "may: []", 7, "rules[1].may"),
        ('[dev, "stage-*"]', "[dev, no]", 9, "rules[1].where.sandboxes[2]"),
        ("days: [mon, tue]", "days: [mon, funday]", 11, "rules[1].when[1].days[2]"),
        ("09:00-17:00", "9-17", 12, "rules[1].when[1].hours takes hours such as 09:00-17:30"),
        ("09:00-17:00", "09:00-25:00", 12, "rules[1].when[1].hours"),
        ("09:00-17:00", "09:00-09:00", 12, "rules[1].when[1].hours begins when it ends"),
        ("a_day: 20", "a_day: 0", 13, "rules[1].a_day"),
        ("a_day: 20", "a_day: many", 13, "rules[1].a_day"),
        ("    a_day: 20", "    a_day: 20\n    a_day: 30", 14, "a_day is there twice"),
        ("from: 2026-12-18", "from: 2027-12-18", 15, "freezes[1] ends before it begins"),
        ("to: 2027-01-02", "to: soon", 17, "freezes[1].to"),
        ("rules:", "rules: [", 4, ""),
        ("version: 1\n", "", 1, "version is missing"),
        (GOOD, "", 1, "it is empty"),
        (GOOD, "- a\n", 1, "the file"),
        (GOOD, "version: 1\nrules:\n- !!python/object/apply:os.system [ls]\n", 3, ""),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(old: str, new: str, line: int, field: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError) as refused:
        parsed(GOOD.replace(old, new), "policy.yaml")
    assert f"policy.yaml, line {line}: {field}" in str(refused.value)


def test_names_are_unique() -> None:
    rule = {"name": "a", "who": {"everyone": True}, "may": ["run"]}
    with pytest.raises(PolicyError, match="has two of the name a"):
        parsed(json.dumps({"version": 1, "rules": [rule, rule]}), "policy.yaml")


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "nowhere.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01\x80")
    with pytest.raises(PolicyError, match="line 1"):
        read_policy(tmp_path / "binary")


def test_rules_for_roles_take_a_claim(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    with pytest.raises(PolicyError, match="AEP_MCP_AUTH_ROLES_CLAIM"):
        policy_of(settings(mcp_policy=path))
    assert policy_of(settings(mcp_policy=path, mcp_auth_roles_claim="groups")) is not None
    assert policy_of(settings()) is None


def test_the_schema_that_ships_is_that_of_the_models() -> None:
    assert PATH.read_text("utf-8") == schema_text(), "python -m aep_flow_mcp.guard.rules.schema"


def test_the_schema_takes_what_the_models_take() -> None:
    schema = json.loads(PATH.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    # Editors read dates as texts.
    good: Any = yaml.load(GOOD, yaml.BaseLoader)
    good = {**good, "version": 1, "rules": [{**good["rules"][0], "a_day": 20}]}
    jsonschema.validate(good, schema)
    PolicyFile.model_validate(good)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "rulez": []}, schema)


def test_the_example_of_the_documentation_is_a_policy() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text("utf-8")
    found = parsed(page.split("```yaml\n")[1].split("```")[0], "docs/policy.md")
    assert [rule.four_eyes for rule in found.rules] == [False, False, True]
    for verb in Verb:
        assert f"`{verb.value}`" in page
    for kind in Kind:
        assert f"`{kind.value}`" in page
