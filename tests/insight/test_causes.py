"""What external systems say, in their own words, and the cause behind it."""

from __future__ import annotations

import pytest

from aep_flow_mcp.insight.causes import Cause, cause_of_words

SAID = {
    Cause.CREDENTIALS: [
        "SftpAuthenticationFailure: Meet authentication failure when connect to Sftp server",
        "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
        "Incorrect username or password was specified.",
        "The AWS Access Key Id you provided does not exist in our records.",
        "ORA-01017: invalid username/password; logon denied",
        "Login failed for user 'aep'.",
        "AADSTS7000222: The provided client secret keys for app 'x' are expired.",
        "Signature not valid in the specified time frame",
        "OAuth token refresh failed: invalid_grant",
        "SignatureDoesNotMatch: check your key and signing method",
        "HTTP status code 401",
    ],
    Cause.SOURCE_PERMISSION: [
        "AccessDenied: User is not authorized to perform: s3:GetObject",
        "User does not have permission bigquery.jobs.create in project",
        "This request is not authorized to perform this operation using this permission. Status 403",
    ],
    Cause.RATE_LIMITED: [
        "REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.",
        "503 SlowDown: Please reduce your request rate.",
        "Operation returned an invalid status code 'TooManyRequests' (429)",
    ],
    Cause.SOURCE_MISSING: [
        "NoSuchKey: The specified key does not exist.",
        "ORA-00942: table or view does not exist",
        "The required Blob is missing. Container: in, name: orders.csv",
        "FailToReadFromSftp: No such file",
    ],
    Cause.NETWORK: [
        "The remote name could not be resolved: 'files.example'",
        "A connection attempt failed: connection timed out",
        "Client with IP address '10.0.0.1' is not allowed to access the server.",
        "No route to host",
    ],
    Cause.SCHEMA_CHANGED: [
        "Column 'delivery_note' does not exist in the source",
        "The schema of the target dataset does not match the schema of the mapping",
        "Parquet type mismatch in column total",
    ],
    Cause.ENCRYPTION: ["Failed to decrypt the file with the given private key"],
    Cause.OUTAGE: ["Internal server error", "503 Service Unavailable"],
}


@pytest.mark.parametrize(
    ("cause", "text"), [(cause, text) for cause, texts in SAID.items() for text in texts]
)
def test_the_cause_behind_words(cause: Cause, text: str) -> None:
    assert cause_of_words(text) is cause


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "The copy activity failed.",
        "UserErrorUnclassifiedError: -2146233088",
        "Some records failed in the promotion activity.",
        "The operation was cancelled by the user.",
        "Job 401234 ended with exit code 2",
    ],
)
def test_words_that_name_no_cause(text: str | None) -> None:
    assert cause_of_words(text) is None
