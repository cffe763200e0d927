"""What Adobe's file declares in answers and no answer holds: a pattern of `METHOD /template /pointer`, and why.

Reasons name sections of the facts about the API, as in `known_errors`.
"""

from __future__ import annotations

_RUN_WRITES = r"(POST /runs/\{RUN_ID\}/action|PUT /runs/\{RUN_ID\})"

UNSEEN: dict[str, str] = {
    r".*/(authSpec/\*|sourceSpec|optionSpec|scheduleSpec)/spec/.*": "2.14: a JSON Schema, described by one sample",
    r".*/exploreSpec/(requestSpec|responseSpec)/.*": "2.14: a JSON Schema, described by one sample",
    r".*/uiAttributes/documentationLink": "2.14: optional; the emulator sends nobody to pages that do not exist",
    r".*flowSpecs.* .*/permissionsInfo/(view|manage)/\*/type": "2.14: the member is `@type`",
    r".*flowSpecs.* .*/transformationSpecs/.*": "2.15 and 13: a list of steps, where the file declares one step",
    r".*/connectionSpecs/\{\w+\}/configs /\*/.*": "2.10: configs are datasets, the file repeats the shape of explore",
    r".*/connections/\{\w+\}/configs /\*/.*": "2.9: configs are columns, the file repeats the shape of explore",
    r".*/connections.* /items/\*/auth/params/(accessKeyId|secretAccessKey)": "2.4: one connector's, not in the seed",
    r"(GET|PATCH) /\w+/\{\w+\} /(_links.*|count)": "2.1: one object has no next page and is not counted",
    r"GET /runs.* /items/\*/metrics/fileSummary/manifest.*": "2.13: the manifest stands in the extensions",
    rf"{_RUN_WRITES} /activites.*": "2.13: misspelt, and a run that has not run has none",
    rf"{_RUN_WRITES} /eTag": "2.13: spelt etag in what a change answers",
    r"POST /runs/\{RUN_ID\}/action /metrics/(fileSummary|recordSummary|sizeSummary).*": "2.13: nothing has run yet",
    r"POST /runs/\{RUN_ID\}/action /metrics/durationSummary/.*": "2.13: nothing has run yet",
    r"PUT /runs/\{RUN_ID\} /(created|updated|sandbox|ims|flow|provider|metrics).*": "2.1: the id alone",
}
