"""What can be wrong with a pipeline: each cause with its headline, its fix, and the words of its errors."""

from __future__ import annotations

import re
from enum import StrEnum


class Cause(StrEnum):
    """Causes that the diagnosis can name, in no order."""

    ACCOUNT_NOT_FOUND = "account_not_found"
    ACCOUNT_DISABLED = "account_disabled"
    CREDENTIALS = "credentials_rejected"
    SOURCE_PERMISSION = "source_permission"
    NETWORK = "source_unreachable"
    RATE_LIMITED = "rate_limited"
    SOURCE_CONNECTION_NOT_FOUND = "source_connection_not_found"
    TARGET_CONNECTION_NOT_FOUND = "target_connection_not_found"
    SOURCE_MISSING = "source_path_missing"
    SOURCE_EMPTY = "source_empty"
    DATASET_NOT_FOUND = "dataset_not_found"
    SCHEMA_NOT_FOUND = "schema_not_found"
    SCHEMA_CHANGED = "schema_changed"
    MAPPING_NOT_FOUND = "mapping_not_found"
    MAPPING_OUTDATED = "mapping_outdated"
    MAPPING_FAILS = "mapping_fails_on_rows"
    REQUIRED_FIELD = "required_field_missing"
    BAD_FILE = "file_unreadable"
    BAD_ROWS = "bad_rows"
    ENCRYPTION = "encryption_key"
    EXPORT_ABORTED = "export_aborted"
    MANDATORY_ATTRIBUTE = "mandatory_attribute_missing"
    OUTAGE = "service_trouble"
    FLOW_DISABLED = "flow_disabled"
    FLOW_DRAFT = "flow_is_draft"
    FLOW_BUSY = "flow_in_transition"
    UPDATE_FAILED = "last_change_failed"
    SCHEDULE_ENDED = "schedule_ended"
    NOT_STARTED_YET = "schedule_not_started"
    RAN_ONCE = "one_time_flow_has_run"
    RUN_STUCK = "run_does_not_end"
    NO_NEW_DATA = "no_new_data"
    UNACCOUNTED = "records_unaccounted"
    RUNS_MISSING = "due_runs_missing"
    SLOWER = "runs_get_slower"
    ENDS_SOON = "schedule_ends_soon"
    RECOVERED = "failed_before_but_recovered"
    HEALTHY = "nothing_wrong_found"
    UNKNOWN = "unknown"


_OR_HIDDEN = ": deleted, or hidden by an access label"

HEADLINES: dict[Cause, str] = {
    Cause.ACCOUNT_NOT_FOUND: f"The account (base connection) that the flow uses is not found{_OR_HIDDEN}",
    Cause.ACCOUNT_DISABLED: "The account (base connection) is disabled",
    Cause.CREDENTIALS: "The account's credentials are rejected: expired, revoked or wrong",
    Cause.SOURCE_PERMISSION: "The account may log in but may not read what the flow reads",
    Cause.NETWORK: "The external system cannot be reached",
    Cause.RATE_LIMITED: "The external system limits the rate: too many requests",
    Cause.SOURCE_CONNECTION_NOT_FOUND: f"The source connection of the flow is not found{_OR_HIDDEN}",
    Cause.TARGET_CONNECTION_NOT_FOUND: f"The target connection of the flow is not found{_OR_HIDDEN}",
    Cause.SOURCE_MISSING: "What the flow reads is not there: moved, renamed or deleted",
    Cause.SOURCE_EMPTY: "The source delivers empty files, or none",
    Cause.DATASET_NOT_FOUND: f"The dataset is not found{_OR_HIDDEN}",
    Cause.SCHEMA_NOT_FOUND: f"The schema is not found{_OR_HIDDEN}",
    Cause.SCHEMA_CHANGED: "The schema is no longer the one that the flow was made for",
    Cause.MAPPING_NOT_FOUND: f"The mapping set is not found{_OR_HIDDEN}",
    Cause.MAPPING_OUTDATED: "The flow uses an old version of its mapping set",
    Cause.MAPPING_FAILS: "A mapping function fails on some rows",
    Cause.REQUIRED_FIELD: "A required field is missing or empty in some rows",
    Cause.BAD_FILE: "The file cannot be parsed: header, delimiter, quoting or encoding",
    Cause.BAD_ROWS: "Some rows are not valid and were left out",
    Cause.ENCRYPTION: "The encryption key is expired, unknown or wrong",
    Cause.EXPORT_ABORTED: "The destination aborted the export",
    Cause.MANDATORY_ATTRIBUTE: "Records without a mandatory attribute are left out",
    Cause.OUTAGE: "A service on the way had trouble",
    Cause.FLOW_DISABLED: "The flow is disabled",
    Cause.FLOW_DRAFT: "The flow is a draft and was never published",
    Cause.FLOW_BUSY: "The flow is changing its state and does not run meanwhile",
    Cause.UPDATE_FAILED: "The last change of the flow failed",
    Cause.SCHEDULE_ENDED: "The schedule has ended",
    Cause.NOT_STARTED_YET: "The schedule has not started yet",
    Cause.RAN_ONCE: "The flow runs once, and it has",
    Cause.RUN_STUCK: "A run takes much longer than the others did",
    Cause.NO_NEW_DATA: "Runs succeed but find nothing new to read",
    Cause.UNACCOUNTED: "Runs succeed and write fewer records than they read, and do not say why",
    Cause.RUNS_MISSING: "Due runs do not start, and nothing that was looked at explains it",
    Cause.SLOWER: "Runs take longer and longer",
    Cause.ENDS_SOON: "The schedule ends soon",
    Cause.RECOVERED: "Runs failed, and the newest succeeded again",
    Cause.HEALTHY: "Nothing wrong was found",
    Cause.UNKNOWN: "The cause is unknown",
}

# Adobe answers 404 for what is deleted and for what an access label hides alike.
_MAKE_SURE = "Ask somebody whose role has all access labels whether it is there. If it is deleted:"

FIXES: dict[Cause, str] = {
    Cause.ACCOUNT_NOT_FOUND: f"{_MAKE_SURE} create the account again and point a source connection and the flow at it.",
    Cause.ACCOUNT_DISABLED: "Enable the account again, or point the flow at another.",
    Cause.CREDENTIALS: "Renew the credentials with update_connection, test them, then retry the failed runs.",
    Cause.SOURCE_PERMISSION: (
        "Grant the account read access to it in the external system, then retry the failed runs."
    ),
    Cause.NETWORK: "Check host, port and firewall; allow-list Adobe's addresses; then retry the failed runs.",
    Cause.RATE_LIMITED: (
        "Run less often or at other times, spread flows on the account, or raise the limit there."
    ),
    Cause.SOURCE_CONNECTION_NOT_FOUND: (
        f"{_MAKE_SURE} create the source connection again and update the flow's sourceConnectionIds."
    ),
    Cause.TARGET_CONNECTION_NOT_FOUND: (
        f"{_MAKE_SURE} create the target connection again and update the flow's targetConnectionIds."
    ),
    Cause.SOURCE_MISSING: (
        "Put it back, or make a source connection for the new place and update the flow to use it."
    ),
    Cause.SOURCE_EMPTY: "Have the sender deliver files with a header and rows; zero-byte files are refused.",
    Cause.DATASET_NOT_FOUND: (
        f"{_MAKE_SURE} point a new target connection at another dataset, or delete the flow."
    ),
    Cause.SCHEMA_NOT_FOUND: (
        f"{_MAKE_SURE} recreate the dataset on an existing schema, with its target connection and mapping."
    ),
    Cause.SCHEMA_CHANGED: (
        "Make a mapping and a target connection for the dataset's present schema, update the flow."
    ),
    Cause.MAPPING_NOT_FOUND: f"{_MAKE_SURE} create the mapping set again and update the flow to use it.",
    Cause.MAPPING_OUTDATED: "Update the flow to the newest mapping version with update_flow_mapping.",
    Cause.MAPPING_FAILS: "Correct the mapping for such values (type, format, null), or the data, then retry.",
    Cause.REQUIRED_FIELD: "Map the field or give it a default value, or correct the data, then retry.",
    Cause.BAD_FILE: "Correct the file's format, or make a source connection with the right one, then retry.",
    Cause.BAD_ROWS: (
        "Read the rejected rows (error diagnostics), correct the data, or raise the tolerated share."
    ),
    Cause.ENCRYPTION: "Create a new key pair, encrypt with it, update the flow's Encryption step.",
    Cause.EXPORT_ABORTED: "Check the destination's credentials and quota, then retry the run.",
    Cause.MANDATORY_ATTRIBUTE: (
        "Usually right. Else fill the attribute, or change the flow's mandatory fields."
    ),
    Cause.OUTAGE: (
        "Retry the failed runs; if it goes on, see Adobe's status page and ask support with the run id."
    ),
    Cause.FLOW_DISABLED: "Enable it with run_flow_action, if that is wanted.",
    Cause.FLOW_DRAFT: "Publish it with run_flow_action.",
    Cause.FLOW_BUSY: "Wait some minutes and look again; if it stays, ask Adobe's support.",
    Cause.UPDATE_FAILED: "Correct what the error says and repeat the change.",
    Cause.SCHEDULE_ENDED: "Set a later end time with update_flow, if the flow is still wanted.",
    Cause.NOT_STARTED_YET: "Nothing to do: it starts by itself.",
    Cause.RAN_ONCE: "Run it again with create_run, or give a new flow a schedule.",
    Cause.RUN_STUCK: (
        "Wait, or look for a growing source; if it never ends, ask Adobe's support with the run id."
    ),
    Cause.NO_NEW_DATA: (
        "Check that files are new or modified since the last run, and the path and the schedule."
    ),
    Cause.UNACCOUNTED: (
        "Compare the run's batches with the source: filters and duplicates leave records out, and so do bad rows."
    ),
    Cause.RUNS_MISSING: "Disable and enable the flow with run_flow_action; if it stays, ask Adobe's support.",
    Cause.SLOWER: "Look at how much it reads; split the source, or run more often with less each time.",
    Cause.ENDS_SOON: "Set a later end time with update_flow, if the flow is still wanted then.",
    Cause.RECOVERED: "Retry the failed runs if their data was not read again since.",
    Cause.HEALTHY: "Nothing to do.",
    Cause.UNKNOWN: "Read the newest failed run whole, and give its error and id to Adobe's support.",
}


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_KEY = (
    r"(?:credential|password|passphrase|secret|token|access key|account key|api key|sas|certificate|"
    r"signature)"
)
_GONE = r"(?:not found|deleted|does not exist|doesn't exist|no longer)"
# The order is the order of certainty: the first that matches names the cause.
_WORDS: tuple[tuple[Cause, re.Pattern[str]], ...] = (
    (
        Cause.RATE_LIMITED,
        _any(r"\b429\b|throttl|too many requests|rate.?limit|slow ?down|request limit|limit exceeded"),
    ),
    (Cause.ENCRYPTION, _any("(?:public|private|encryption|decryption|pgp) key|decrypt|publicKeyId")),
    (
        Cause.CREDENTIALS,
        _any(
            rf"{_KEY}s?\b.{{0,60}}(?:expired|invalid|rejected|revoked|incorrect|wrong|not valid|no longer)",
            rf"(?:expired|invalid|incorrect|wrong|revoked|bad)\s*{_KEY}",
            "authenticat(?:ion|e).{0,30}(?:fail|error|denied)|failed to authenticate",
            "log ?[io]n (?:failed|denied)|failed to log ?in|could not log ?in|account.{0,20}locked|locked out",
            "(?:invalid|incorrect|wrong|bad)[ _](?:user ?name|user|login|logon)",
            "access key.{0,40}does not exist",
            r"unauthori[sz]ed|\b401\b|signaturedoesnotmatch|invalidaccesskeyid|invalid_grant|invalid_client",
        ),
    ),
    (
        Cause.SOURCE_PERMISSION,
        _any(
            r"access.{0,40}denied|forbidden|\b403\b|permission denied|not authori[sz]ed",
            "(?:insufficient|missing|lacks?|not have).{0,30}(?:permission|privilege|right)",
        ),
    ),
    (Cause.DATASET_NOT_FOUND, _any(rf"data ?set\b.{{0,80}}{_GONE}")),
    (Cause.MAPPING_NOT_FOUND, _any(rf"mapping set\b.{{0,80}}{_GONE}")),
    (
        Cause.SCHEMA_CHANGED,
        _any(
            r"schema\b.{0,80}(?:mismatch|changed|does not match|differ|incompatible|not found|moved on)",
            r"(?:column|field|attribute)\b.{0,60}(?:not found|does not exist|no longer|not in the schema)",
            "(?:unknown|unexpected) (?:column|field)|type mismatch",
        ),
    ),
    (
        Cause.SOURCE_MISSING,
        _any(
            r"(?:path|file|folder|directory|blob|object|table|container|bucket|topic|prefix)\b.{0,120}"
            r"(?:not found|does not exist|doesn't exist|no longer exists|cannot be found|missing)",
            "no such (?:file|key|bucket|table|directory)|specified key does not exist",
            "nosuch(?:key|bucket)|pathnotfound|filenotfound|blobnotfound",
        ),
    ),
    (
        Cause.NETWORK,
        _any(
            "timed? ?out|did not (?:answer|respond)",
            "could not (?:be )?resolved?|name or service|(?:unknown|no such) host|dns",
            "ip address.{0,60}not allowed",
            "connection.{0,20}(?:refused|reset|closed|aborted|failed)",
            "cannot connect|unable to connect|unreachable|no route|firewall|allow.?list|whitelist",
        ),
    ),
    (Cause.REQUIRED_FIELD, _any("required (?:field|property|attribute)|(?:is|are) required")),
    (
        Cause.BAD_FILE,
        _any("delimiter|header|encoding|malformed|unterminated|quoting|quote|corrupt|cannot be parsed"),
    ),
    (Cause.OUTAGE, _any(r"internal (?:server )?error|service unavailable|\b50[0234]\b")),
)

_CODES: dict[str, Cause] = {
    "MAPPER-3700-400": Cause.MAPPING_FAILS,
    "INGEST-1555-400": Cause.REQUIRED_FIELD,
    "INGEST-1401-400": Cause.BAD_FILE,
    "INGEST-1211-400": Cause.BAD_ROWS,
    "INGEST-1212-400": Cause.BAD_ROWS,
    "ACTIVATION_BATCH-0000-FAILED": Cause.EXPORT_ABORTED,
    "ACTIVATION_BATCH-0000-SKIP": Cause.MANDATORY_ATTRIBUTE,
    "106": Cause.SOURCE_EMPTY,
    "133": Cause.SOURCE_EMPTY,
    "118": Cause.BAD_FILE,
    "1310": Cause.ENCRYPTION,
    "1311": Cause.ENCRYPTION,
    "1203": Cause.ENCRYPTION,
    "1327": Cause.BAD_FILE,
    "1330": Cause.SOURCE_EMPTY,
    "1331": Cause.BAD_FILE,
    "1425": Cause.SCHEMA_CHANGED,
}
_QUOTED = re.compile(r"'[^']{1,300}'|\"[^\"]{1,300}\"|`[^`]{1,300}`")
_GENERIC = re.compile(r"(?:CONNECTOR|FLOW|SOURCES?)-(\d{4})(?:-\d{3})?|(\d{3,4})(?:-\d{3})?")


def cause_of_words(text: str | None) -> Cause | None:
    """The cause that a message names; None when it names none that is known.

    What the message quotes (paths, names of the organisation) is not looked at.
    """
    if not text:
        return None
    bare = _QUOTED.sub("''", text)
    return next((cause for cause, pattern in _WORDS if pattern.search(bare)), None)


def cause_of_error(code: str | None, message: str | None) -> Cause | None:
    """The cause behind an error of a run: what its code stands for, else what its message says.

    CONNECTOR-1001 and CONNECTOR-2001 only say in which activity it happened, so their messages decide.
    """
    if code in _CODES:
        return _CODES[code]
    match = _GENERIC.fullmatch(code or "")
    number = (match[1] or match[2]) if match else None
    return _CODES.get(number or "") or cause_of_words(message)
