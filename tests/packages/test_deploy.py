"""What deploy/ holds: its files say what the product takes, and docker and helm, where they are, take its files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aep_flow_mcp.settings import KNOWN, read_settings
from distribution.product import product
from pages.test_blocks import parsed

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose" / "compose.yaml"
CHART = ROOT / "deploy" / "helm" / "aep-flow-mcp"


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_ours_are_started_with_commands_and_settings_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [each for each in services().values() if each["image"] == "aep-flow-mcp"]
    assert len(ours) == 3
    for service in ours:
        parsed(tuple(service["command"]))
        for name, value in service.get("environment", {}).items():
            assert name in KNOWN
            monkeypatch.setenv(name, value)
        read_settings()


def test_ours_can_write_nothing_and_finish_their_writes() -> None:
    for service in services().values():
        if service["image"] != "aep-flow-mcp":
            continue
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        if "environment" in service:
            within = int(service["environment"]["AEP_MCP_STOP_WITHIN"])
            assert seconds(service["stop_grace_period"]) > within


def test_each_server_is_probed_where_it_listens_and_the_proxy_knows_it() -> None:
    caddy = (ROOT / "deploy" / "compose" / "Caddyfile").read_text(encoding="utf-8")
    servers = {name: each for name, each in services().items() if name.startswith("server-")}
    assert len(servers) == 2
    metrics = set()
    for service in servers.values():
        port = service["command"][service["command"].index("--port") + 1]
        assert f"127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
        assert f"127.0.0.1:{port}" in caddy
        metrics.add(service["environment"]["AEP_MCP_METRICS_PORT"])
    assert len(metrics) == 2, "they share one network"


def test_nothing_is_published_beyond_this_machine() -> None:
    for service in services().values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_docker_reads_the_compose_file() -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed: the compose file is not read by it")
    there = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if there.returncode != 0:
        pytest.skip("docker's compose plugin is not installed: the compose file is not read by it")
    said = subprocess.run(
        ["docker", "compose", "-f", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def test_the_chart_is_of_this_version_and_its_settings_are_known() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == chart["version"] == product(ROOT).version
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert set(values["settings"]) <= set(KNOWN)
    template = (CHART / "templates" / "deployment.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\bAEP_[A-Z_]+", template)) <= set(KNOWN)
    for used in re.findall(r"\.Values\.([\w.]+)", "".join(_templates())):
        place: Any = values
        for part in used.split("."):
            assert part in place, f"values.yaml has no {used}"
            place = place[part]


def _templates() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((CHART / "templates").iterdir())]


def test_a_pod_is_given_longer_than_its_writes(helm: str) -> None:
    (deployment,) = [each for each in rendered(helm) if each["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    given = {each["name"]: each.get("value") for each in server["env"]}
    assert pod["terminationGracePeriodSeconds"] > int(given["AEP_MCP_STOP_WITHIN"])
    assert server["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    parsed(tuple(server["args"]))


def test_helm_finds_nothing_wrong(helm: str) -> None:
    said = subprocess.run([helm, "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    kinds = {each["kind"] for each in rendered(helm, "ingress.enabled=true", "metrics.podMonitor=true")}
    assert {"Deployment", "Service", "Ingress", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor"} == kinds


@pytest.fixture
def helm() -> str:
    found = shutil.which("helm")
    if found is None:
        pytest.skip("helm is not installed: the chart is not linted and not rendered")
    return found


def rendered(helm: str, *values: str) -> list[dict[str, Any]]:
    command = [helm, "template", "team", str(CHART), *(word for each in values for word in ("--set", each))]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return [each for each in yaml.safe_load_all(said.stdout) if each]
