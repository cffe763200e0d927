"""aepp where Adobe's documents allow two answers: the landing zone on AWS, and links that it cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aepp.flowservice import FlowService

from peers.pointing import PYTHON, REPOSITORY, aepp_at, signed_in
from peers.process import FlowApi, running

LANDING_ZONE = "/data/foundation/connectors/landingzone"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[FlowService, FlowApi]]:
    """An emulator hosted on AWS whose next links repeat the query."""
    switches = ["--variant", "dlz_provider=aws", "--variant", "next_href=with_params"]
    command = [PYTHON, "-m", "aep_flow_mcp", "emulator", *switches]
    with running(command, cwd=REPOSITORY) as process, aepp_at(process.url) as flows:
        yield flows, signed_in(process.url)


def test_the_landing_zone_on_aws_is_a_bucket_with_a_folder(elsewhere: tuple[FlowService, FlowApi]) -> None:
    flows, api = elsewhere
    container = api.get(LANDING_ZONE, type="user_drop_zone").body
    secrets = api.get(f"{LANDING_ZONE}/credentials", type="user_drop_zone").body
    assert container["dlzProvider"] == "Amazon S3"
    assert flows.getLandingZoneStorageName() == container["dlzPath"]["dlzFolder"]
    assert flows.getLandingZoneStorageTTL() == 7
    assert flows.getLandingZoneNamespace() == secrets["dlzPath"]["bucketName"]
    assert set(flows.getLandingZoneCredential()["credentials"]) == set(secrets["credentials"])
    with pytest.raises(Exception, match="Not Azure Landing Zone"):
        flows.getLandingZoneSASUri()
    with pytest.raises(Exception, match="Not Azure Landing Zone"):
        flows.getLandingZoneSASToken()


def test_a_link_with_further_parameters_is_more_than_aepp_can_cut(
    elsewhere: tuple[FlowService, FlowApi],
) -> None:
    """It takes what stands between the first two `=` for the token; the service refuses that token."""
    flows, api = elsewhere
    page = api.get("/flows", limit=7).body
    following = api.get(page["_links"]["next"]["href"])
    assert following.status == 200
    assert len(following.body["items"]) == 7
    assert not {f["id"] for f in page["items"]} & {f["id"] for f in following.body["items"]}
    cut = page["_links"]["next"]["href"].split("=")[1]
    assert api.get("/flows", limit=7, continuationToken=cut).status == 400
    with pytest.raises(KeyError, match="_links"):
        flows.getFlows(limit=7, n_results="inf")
