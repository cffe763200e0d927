"""Variants of how objects are spelled, and properties of filters and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.emulator import Variants
from aep_flow_mcp.emulator.flow_service.objects.filters import parse_filters, parse_order
from aep_flow_mcp.emulator.flow_service.objects.paging import Walk, read_token
from aep_flow_mcp.emulator.http.errors import ApiError
from emulator.kit import Api, make_api


def finished_run(api: Api) -> Any:
    return api.items("/runs", ("property", "metrics.statusSummary.status==success"), ("limit", "1"))[0]


def test_runs_are_spelled_as_asked() -> None:
    plain = finished_run(make_api())
    odd = finished_run(
        make_api(
            variants=Variants(
                run_etag_key="eTag",
                activities_key="activites",
                completed_key="stoppedAtUTC",
                status_case="upper",
            )
        )
    )
    assert "etag" not in odd
    assert "activities" not in odd
    assert odd["eTag"] == plain["etag"]
    assert len(odd["activites"]) == len(plain["activities"])
    assert odd["metrics"]["statusSummary"]["status"] == "SUCCESS"
    assert (
        odd["metrics"]["durationSummary"]["stoppedAtUTC"]
        == plain["metrics"]["durationSummary"]["completedAtUTC"]
    )


@pytest.mark.parametrize(("case", "text"), [("upper", "IN_PROGRESS"), ("capitalised", "InProgress")])
def test_a_status_of_two_words(case: Any, text: str) -> None:
    api = make_api(variants=Variants(status_case=case))
    (run, *_) = api.items("/runs", ("property", "metrics.statusSummary.status==inProgress"))
    assert run["metrics"]["statusSummary"]["status"] == text
    (flow, *_) = api.items("/flows", ("property", "lastRunDetails.state==failed"))
    assert flow["lastRunDetails"]["state"] in {"FAILED", "Failed"}


def test_flows_are_spelled_as_asked() -> None:
    query = (("property", 'flowSpec.id=="9753525b-82c7-4dce-8a9b-5ccfce2b9876"'), ("orderby", "id"))
    plain = make_api().items("/flows", *query)
    odd = make_api(
        variants=Variants(flow_spec_ref="string", schedule_numbers="string", mapping_version="string")
    ).items("/flows", *query)
    assert len(plain) == len(odd) > 0
    for before, after in zip(plain, odd, strict=True):
        assert after["flowSpec"] == before["flowSpec"]["id"]
        if "scheduleParams" in before:
            assert after["scheduleParams"]["startTime"] == str(before["scheduleParams"]["startTime"])
        versions = [step["params"].get("mappingVersion") for step in after["transformations"]]
        assert all(version is None or isinstance(version, str) for version in versions)


def test_a_larger_page_is_possible() -> None:
    api = make_api(variants=Variants(limit_maximum=1000))
    assert len(api.items("/runs", ("limit", "1000"))) == 1000


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(texts)
def test_any_quoted_value_is_taken_as_it_is(text: str) -> None:
    if '"' in text:
        return
    filters, projection = parse_filters("flows", [f'name=="{text}"'])
    assert projection == ()
    assert [one.values for one in filters] == [(text,)]


def refusal(parse: Callable[[], object]) -> ApiError | None:
    """The error that parsing ends with, if it does; any other exception is not an answer."""
    try:
        parse()
    except ApiError as error:
        return error
    return None


@given(st.text(max_size=40))
def test_any_expression_is_parsed_or_refused_with_a_code(text: str) -> None:
    for parse in (lambda: parse_filters("runs", [text]), lambda: parse_order("runs", text)):
        error = refusal(parse)
        assert error is None or error.status == 400
        assert error is None or error.body["type"].startswith("http://ns.adobe.com/aep/errors/FLOW-14")


@given(
    st.lists(texts, max_size=4), texts, st.integers(1, 1000), st.integers(-1, 10**6), st.integers(0, 10**6)
)
def test_tokens_hold_any_query(
    properties: list[str], orderby: str, limit: int, revision: int, offset: int
) -> None:
    walk = Walk("flows", "dev", tuple(properties), orderby, limit, revision, offset, "id")
    assert read_token(walk.token()) == walk
    assert walk.token().startswith("+/")
    assert walk.token().endswith("=")


@given(st.text(max_size=60))
def test_no_text_breaks_a_token_reader(text: str) -> None:
    error = refusal(lambda: read_token(text))
    assert error is not None
    assert error.status == 400
