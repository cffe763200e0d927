"""What the Dockerfile says; test_image_built.py builds it, where docker is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from aep_flow_mcp.cli import app as cli
from distribution.locking import extras
from distribution.product import product

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each on one line."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]


def of(kind: str) -> list[str]:
    return [rest for word, rest in instructions() if word == kind]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def test_the_last_stage_is_nothing_but_what_runs_and_no_root() -> None:
    stage = last_stage()
    assert stage[0] == ("FROM", "scratch")
    assert ("USER", "10001:10001") in stage
    assert not [rest for word, rest in stage if word in ("RUN", "ADD")]
    assert [rest for word, rest in stage if word == "COPY"] == ["--from=build /root-of-image /"]


def test_it_starts_a_command_that_there_is_and_listens_where_it_says() -> None:
    start = json.loads(of("ENTRYPOINT")[0])
    command = json.loads(of("CMD")[-1])
    assert start[-2:] == ["-m", "aep_flow_mcp"]
    assert command[0] in {
        each.name or each.callback.__name__ for each in cli.registered_commands if each.callback
    }
    port = command[command.index("--port") + 1]
    assert of("EXPOSE") == [port]
    (health,) = of("HEALTHCHECK")
    assert f"127.0.0.1:{port}/readyz" in json.loads(health[health.index("[") :])[-1]


def test_no_secret_and_no_setting_is_in_it() -> None:
    given = " ".join(of("ENV") + of("ARG"))
    assert "AEP_" not in given
    assert not re.search(r"(?i)secret|password|token", given)


def test_only_what_is_copied_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    copied = {word for rest in of("COPY") if not rest.startswith("--from") for word in rest.split()[:-1]}
    assert copied == allowed
    for path in copied:
        assert (ROOT / path).exists(), path


def test_every_version_in_it_is_locked() -> None:
    (installed,) = [rest for rest in of("RUN") if "locked-image.txt" in rest]
    assert "--only-binary :all:" in installed
    lines = (ROOT / "distribution" / "locked-image.txt").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split(" ;")[0].split("==") for line in lines if line[:1] != "#")
    alone = (ROOT / "distribution" / "locked.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in alone if line[:1] != "#"} <= set(lines), "run `make lock`"
    assert {"metrics", "otel"} <= set(extras())
    for text in product(ROOT).dependencies:
        wanted = Requirement(text)
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), f"{text}: run `make lock`"
    assert {"prometheus-client", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"} <= set(locked)
