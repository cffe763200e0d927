"""What is missing is asked for: one thing each, in few words, with what there is to choose from."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from aep_flow_mcp.pipelines.blueprint import Verdict, What
from aep_flow_mcp.pipelines.desk import MAX_CHOICES
from aep_flow_mcp.pipelines.findings import Findings, Place
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.pipelines.wish import Direction, PipelineWish
from aep_flow_mcp.platform.models.explore import ExploreItem
from pipelines.organisation import TOMORROW, Organisation
from pipelines.wishes import LOYALTY, airship, export, files, from_zone, hub, stream, table, to_zone

HUB_ID = "bf9f5905-92b7-48bf-bf20-455bc6b60a4e"


def judged(organisation: Organisation, wish: PipelineWish) -> Verdict:
    return judge(wish, organisation.findings(wish))


class Gap(NamedTuple):
    """A wish that lacks one thing: the argument, words of the question and of the choices."""

    wish: PipelineWish
    field: str
    question: str
    choice: str | None = None


NO_HUB = hub(params={"dataType": "raw"})
GAPS = [
    Gap(files(name=" "), "name", "called"),
    Gap(files(connector="azure"), "connector", "Which connector is azure?", "Azure Blob Storage (4c10e202"),
    Gap(files(path=None), "path", "Which file or folder of Amazon S3", "/loyalty/"),
    Gap(files(datasets=()), "datasets", "receives", "Loyalty Members (665ba229ed7fe1e50c2b9f7b)"),
    Gap(files(every=None), "every", "How often", "15 minutes"),
    Gap(files(start_time=None), "start_time", "When does it start (UTC)?", TOMORROW),
    Gap(files(fields=()), "fields", "Columns: member_no"),
    Gap(
        from_zone(path=""),
        "path",
        "Which file or folder of Data Landing Zone",
        "dlz-user-container/giftcards/",
    ),
    Gap(table(path=None, delta_column=None), "path", "Which table of PostgreSQL", "public.orders"),
    Gap(table(delta_column=None), "delta_column", "last changed", "updated_at"),
    Gap(stream(fields=()), "fields", "mapping_set"),
    Gap(stream(account=None, auth_params={}, fields=()), "auth_params.dataType", "dataType", "raw"),
    Gap(export(datasets=()), "datasets", "exported", "Loyalty Members (665ba229ed7fe1e50c2b9f7b)"),
    Gap(export(every=None), "every", "How often", "12 hours"),
    Gap(export(path=None), "path", "Which folder of Amazon S3"),
    Gap(export(params={}), "params.bucketName", "bucketName of Amazon S3?"),
    Gap(to_zone(path=None), "path", "Which folder of Data Landing Zone"),
    Gap(NO_HUB, "params.eventHubName", "eventHubName of Azure Event Hubs?"),
    Gap(hub(params={"eventHubName": "x"}), "params.dataType", "dataType", "xdm"),
    Gap(hub(connector=HUB_ID, fields=()), "fields", "How does the data map"),
    Gap(airship(params={}), "params.domain", "domain of Airship", "EU"),
]


@pytest.mark.parametrize("gap", GAPS, ids=[f"{gap.wish.name} {gap.field}" for gap in GAPS])
def test_one_gap_is_one_question(organisation: Organisation, gap: Gap) -> None:
    verdict = judged(organisation, gap.wish)
    assert verdict.blueprint is None
    assert verdict.problems == ()
    [missing] = verdict.missing
    assert missing.field == gap.field
    assert gap.question in missing.question
    if gap.choice is None:
        assert missing.choices == ()
    else:
        assert any(choice.startswith(gap.choice) for choice in missing.choices)


def test_an_account_is_chosen_or_described(organisation: Organisation) -> None:
    [missing] = judged(organisation, files(account=None, format="csv", path="/in/x.csv")).missing
    assert missing.field == "account"
    assert missing.choices == (
        "Brightfjord ingest bucket (cbb35751-c514-43c2-bb18-a99a9e910acc)",
        "Partner feeds S3 (c88c7776-824b-4b9f-a1df-fa2a63685a39)",
    )
    assert "Access Key with auth_params s3AccessKey, s3SecretKey (secret)" in missing.question


def test_without_any_account_its_fields_are_asked_for_one_by_one(organisation: Organisation) -> None:
    verdict = judged(organisation, files(connector="oracle object storage", account=None, format="csv"))
    asked = {item.field: item for item in verdict.missing}
    assert set(asked) == {f"auth_params.{name}" for name in ("serviceUrl", "accessKey", "secretKey")}
    assert asked["auth_params.secretKey"].type == "secret reference"
    assert "${AEP_SECRET_NAME}" in asked["auth_params.secretKey"].question
    assert asked["auth_params.serviceUrl"].type == "string"


def test_of_several_ways_to_log_in_one_is_chosen_first(organisation: Organisation) -> None:
    wish = files(connector="sftp", account=None, auth_params={"host": "x"}, format="csv")
    [missing] = judged(organisation, wish).missing
    assert missing.field == "auth_spec"
    assert missing.choices == ("Basic Authentication for sftp", "SSH PublicKey Authentication for sftp")


@pytest.mark.parametrize("direction", list(Direction))
def test_nothing_said_is_little_asked(organisation: Organisation, direction: Direction) -> None:
    verdict = judged(organisation, PipelineWish(direction=direction))
    assert verdict.recipe is None
    assert verdict.blueprint is None
    assert verdict.problems == ()
    asked = {item.field: item for item in verdict.missing}
    assert {"connector", "name"} <= set(asked) <= {"connector", "name", "datasets"}
    connector = asked["connector"]
    assert len(connector.choices) == MAX_CHOICES
    outside = [spec for spec in organisation.base.connectors if spec.type != "platform"]
    wanted = [
        spec for spec in outside if (spec.is_source if direction is Direction.IMPORT else spec.is_destination)
    ]
    assert connector.more == len(wanted) - MAX_CHOICES


def test_a_conversation_ends_in_few_rounds(organisation: Organisation) -> None:
    """Each round answers everything that was asked, with the first choice where there are some."""
    said = PipelineWish(name="Loyalty", connector="s3", datasets=("Loyalty Members",), every="daily")
    answers = {"path": "/loyalty/members/", "fields": LOYALTY}
    verdict = judged(organisation, said)
    rounds = 1
    while verdict.missing and rounds < 5:
        assert verdict.problems == ()
        more = {item.field: answers.get(item.field) or item.choices[0] for item in verdict.missing}
        if "account" in more:
            more["account"] = str(more["account"]).split(" (")[0]
        said = replace(said, **more)  # type: ignore[arg-type]  # every answer fits its argument
        verdict = judged(organisation, said)
        rounds += 1
    assert verdict.blueprint is not None
    assert rounds <= 3
    assert [part.what for part in verdict.blueprint.parts] == [
        What.SOURCE,
        What.TARGET,
        What.MAPPING,
        What.FLOW,
    ]


def test_questions_are_short(organisation: Organisation) -> None:
    for gap in GAPS:
        for missing in judged(organisation, gap.wish).missing:
            assert len(missing.question) < (700 if missing.field == "fields" else 160)
            assert len(missing.choices) <= MAX_CHOICES


def test_columns_that_are_alike_are_suggested(organisation: Organisation) -> None:
    suggested = judged(organisation, files(fields=())).suggested_fields
    assert ("first_name", "person.name.firstName") in suggested
    assert ("tier", "loyalty.tier") in suggested
    assert len({target for _, target in suggested}) == len(suggested)


def looked_at(organisation: Organisation, wish: PipelineWish, place: Place | None) -> Findings:
    return replace(organisation.findings(wish), place=place)


def entry(kind: str, path: str) -> ExploreItem:
    return ExploreItem.model_validate({"type": kind, "name": path.strip("/").split("/")[-1], "path": path})


def test_a_path_that_nobody_can_look_at_may_be_a_file_or_a_folder(organisation: Organisation) -> None:
    wish = files(path="/in/members", format="csv")
    [missing] = judge(wish, looked_at(organisation, wish, None)).missing
    assert (missing.field, missing.choices) == ("params.type", ("file", "folder"))


def test_a_folder_of_folders_is_read_recursively_and_a_mixed_one_warns(organisation: Organisation) -> None:
    wish = files(path="in", format="csv")
    inner, file = entry("folder", "/in/2026/"), entry("file", "/in/a.csv")
    for entries, recursive, warning in (
        ((inner,), True, "holds folders only"),
        ((file,), False, None),
        ((inner, file), False, "recursive=true"),
        ((), False, "empty so far"),
    ):
        verdict = judge(wish, looked_at(organisation, wish, Place(folder="/in/", entries=entries)))
        assert verdict.blueprint is not None
        params = verdict.blueprint.parts[0].body["params"]
        assert params == {"path": "in/", "type": "folder", "recursive": recursive}
        assert any(warning in said for said in verdict.blueprint.warnings) if warning else True
        assert sum("recursive" in said or "empty" in said for said in verdict.blueprint.warnings) == bool(
            warning
        )


def test_an_account_that_does_not_work_is_told_and_stops_nothing(organisation: Organisation) -> None:
    wish = files(format="csv")
    verdict = judge(wish, looked_at(organisation, wish, Place(error="the key has expired")))
    assert verdict.problems == ()
    assert verdict.blueprint is not None
    assert any("the key has expired." in warning for warning in verdict.blueprint.warnings)


def test_a_path_that_stands_for_several_is_not_missed(organisation: Organisation) -> None:
    wish = files(path="/loyalty/*2026*.csv", format="csv")
    place = Place(folder="/loyalty/", entries=(entry("folder", "/loyalty/members/"),), missing=True)
    verdict = judge(wish, looked_at(organisation, wish, place))
    assert verdict.blueprint is not None
    [source] = [part for part in verdict.blueprint.parts if part.what is What.SOURCE]
    assert source.body["params"] == {"path": "/loyalty/*2026*.csv", "type": "folder"}


def test_an_ambiguous_name_is_settled_by_id(organisation: Organisation) -> None:
    wish = files()
    findings = organisation.findings(wish)
    [dataset] = findings.datasets_asked["Loyalty Members"]
    twin = dataset.model_copy(update={"id": "0123"})
    both = replace(findings, datasets_asked={"Loyalty Members": (dataset, twin)}, schema=None)
    [problem] = judge(wish, both).problems
    assert problem.field == "datasets"
    assert f"give one id of Loyalty Members ({dataset.id}), Loyalty Members (0123)" in problem.message
    account = findings.accounts_asked[0].model_copy(update={"id": "4567"})
    two = replace(findings, accounts_asked=(*findings.accounts_asked, account))
    problems = judge(wish, two).problems
    assert [problem.field for problem in problems] == ["account"]
    assert "(4567)" in problems[0].message


def test_a_disabled_account_is_told_and_a_dataset_without_schema_refused(organisation: Organisation) -> None:
    wish = files()
    findings = organisation.findings(wish)
    off = replace(
        findings, accounts_asked=(findings.accounts_asked[0].model_copy(update={"state": "disabled"}),)
    )
    blueprint = judge(wish, off).blueprint
    assert blueprint is not None
    assert any("is disabled" in warning for warning in blueprint.warnings)
    bare = findings.datasets_asked["Loyalty Members"][0].model_copy(update={"schema_ref": None})
    problems = judge(wish, replace(findings, datasets_asked={"Loyalty Members": (bare,)})).problems
    assert [problem.field for problem in problems] == ["datasets"]
    assert "choose a dataset with one" in problems[0].message


def test_a_mapping_of_another_schema_is_refused(organisation: Organisation) -> None:
    schema = next(item.schema_id for item in organisation.base.datasets if item.name == "Products")
    other = next(item for item in organisation.mapping_sets if item.schema_id == schema)
    [problem] = judged(organisation, files(fields=(), mapping_set=other.id)).problems
    assert problem.field == "mapping_set"
    assert "choose another one" in problem.message


def test_a_dataset_that_cannot_be_exported_is_refused(organisation: Organisation) -> None:
    wish = export(datasets=("Products",))
    [problem] = judge(wish, replace(organisation.findings(wish), exportable=frozenset())).problems
    assert problem.field == "datasets"


def test_an_organisation_without_the_flow_spec_is_told_so(organisation: Organisation) -> None:
    wish = stream()
    [problem] = judge(wish, replace(organisation.findings(wish), flow_specs=())).problems
    assert problem.field == "connector"
    assert "not offered" in problem.message
    hubs = hub()
    [problem] = judge(hubs, replace(organisation.findings(hubs), flow_specs=())).problems
    assert problem.field == "connector"
    assert "choose another connector" in problem.message
