"""The page on pipelines as code is what the code does today, and its recipe for CI works as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aep_flow_mcp.documents.text import read
from as_code.pages import PAGE, with_parts
from pages.blocks import blocks
from support.processes import emulator_process, server_environment

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_what_was_run() -> None:
    page = (DOCS / PAGE).read_text("utf-8")
    assert with_parts(page) == page, "run make pages"


def test_every_pipeline_on_the_page_is_one() -> None:
    texts = [block.text for block in blocks() if block.page == f"docs/{PAGE}" and "pipeline: " in block.text]
    assert texts
    for text in texts:
        if text.lstrip().startswith(("#", "pipeline:")):
            assert not read(text).problems


@pytest.mark.subprocess
def test_the_recipe_plans_a_pull_request_and_applies_a_merge(tmp_path: Path) -> None:
    """Its scripts, as they stand, in a checkout, against an emulator as a process of its own."""
    [recipe] = [
        yaml.safe_load(one.text) for one in blocks() if one.page == f"docs/{PAGE}" and "jobs:" in one.text
    ]
    scripts = {
        name: next(step["run"] for step in job["steps"] if "run" in step)
        for name, job in recipe["jobs"].items()
    }
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "aep-flow-mcp").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m aep_flow_mcp "$@"\n', "utf-8"
    )
    (programs / "aep-flow-mcp").chmod(0o755)
    with emulator_process() as url:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AEP_")},
            **server_environment(url),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }

        def run(script: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["bash", "-eo", "pipefail", "-c", script],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

        done = run("aep-flow-mcp export pipelines --flow 'Web orders'")
        assert done.returncode == 0, done.stderr
        file = tmp_path / "pipelines" / "web-orders.yaml"
        file.write_text(file.read_text("utf-8").replace("every: hour", "every: 2 hours"), "utf-8")
        done = run(scripts["plan"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert "| change | Web orders |" in (tmp_path / "summary.md").read_text("utf-8")
        done = run(scripts["apply"])
        assert (done.returncode, "done: Apply 1 pipeline" in done.stdout) == (0, True), (
            done.stdout + done.stderr
        )
        done = run(scripts["apply"])
        assert (done.returncode, done.stdout) == (0, ""), "there is nothing to do any more"
        file.write_text(file.read_text("utf-8").replace("dataset: Web Orders", "dataset: No such"), "utf-8")
        assert run(scripts["plan"]).returncode == 1
        assert run(scripts["apply"]).returncode == 1
