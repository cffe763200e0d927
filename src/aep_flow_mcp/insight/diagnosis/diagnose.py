"""Why a flow does not do what it should: findings from its parts and its runs, the likeliest cause first.

A rule looks at the evidence and reports what it supports. The `weight` of a finding (up to 1) orders findings: a part
that is not found outweighs what an error message suggests. Its `certainty` says what it rests on: a 404 does not prove
that something is deleted, nor an old error that it still holds. Where runs fail and no rule knows why, the cause is
`unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.diagnosis import rules_parts, rules_runs
from aep_flow_mcp.insight.diagnosis.evidence import Evidence, History, read_history
from aep_flow_mcp.insight.diagnosis.findings import Case, Finding

_RULES = (
    rules_parts.parts,
    rules_parts.probes,
    rules_parts.state,
    rules_parts.schedule,
    rules_parts.schema,
    rules_parts.mapping,
    rules_runs.errors,
    rules_runs.quiet,
    rules_runs.trends,
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`findings` are the likeliest first and never empty."""

    findings: tuple[Finding, ...]
    history: History

    @property
    def first(self) -> Finding:
        return self.findings[0]


def diagnose(evidence: Evidence) -> Diagnosis:
    """The causes that the evidence supports, one finding a cause, the likeliest first."""
    case = Case(evidence, read_history(evidence.runs))
    best: dict[Cause, Finding] = {}
    for rule in _RULES:
        for finding in rule(case):
            known = best.get(finding.cause)
            if known is None or finding.weight > known.weight:
                best[finding.cause] = finding
    if not best:
        otherwise = rules_runs.nothing_found(case)
        best[otherwise.cause] = otherwise
    findings = sorted(best.values(), key=lambda finding: -finding.weight)
    return Diagnosis(tuple(findings), case.history)
