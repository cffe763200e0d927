"""What a name says about its value. The rules differ by where it stands: alone, below `auth`, a header, a query."""

from __future__ import annotations

import re
from functools import lru_cache

_NOT_WORD = re.compile(r"[^a-z0-9]")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Where something is, not the key to it; what a text of such a name holds in user info and query is masked apart.
_DESTINATION = re.compile(r"(?:url|uri|host|hostname|endpoint|domain)$")
_KEY_IN_ADDRESS = re.compile(r"(?:sas|signed|signature|presigned|webhook|hook)\w*ur[il]$")
# About a secret, and none: its kind, its name, when it ends.
_ABOUT = re.compile(
    r"(?:name|type|format|required|enabled|expir\w*|expiry\w*|ttl|lifetime|spec|specs|version|length|policy)$"
)
_KEYS = (
    "access|account|shared|storage|private|secret|api|auth|authorization|subscription|master|signing|encryption"
    "|decryption|ssh|sas|session|security|client|developer|principal|application|app|function|license|hmac"
)
_SECRET = re.compile(
    rf"""
      passw | passphrase | passcode | pwd | secret | credential | credstring | (?:{_KEYS})key
    | connectionstring | connstr | sasur[il] | sharedaccess | presignedur[il] | signedur[il]
    | serviceaccount(?:json|key|file|$) | keyjson | jsonkey | keycontent | keyfile
    | (?:signature|cookies?|jwt|bearer|authorization|dsn)\d*$
    | (?<!continuation)(?<!page)(?<!next)(?<!sync)(?<!skip)(?<!scroll)tokens?\d*$ | token(?:value|string|data)$
    """,
    re.VERBOSE,
)
_SECRET_WORDS = frozenset({"pass", "pat", "jwt", "dsn", "sas", "sig", "pem"})
_IN_QUERY = re.compile(
    r"(?:key|code|auth|hmac|pin|password|user|login)\d*$|^x(?:amz|goog)(?:signature|credential|securitytoken)"
    r"|^awsaccesskeyid$|^googleaccessid$|^sourceparams$"
)
_OPEN_HEADERS = re.compile(
    r"accept\w*|content(?:type|length|encoding|language|disposition)|useragent|host|date|cachecontrol|connection"
    r"|transferencoding|vary|xrequestid|xcorrelationid|xsandbox(?:name|id)|xgwimsorgid|etag|ifmatch|ifnonematch"
    r"|prefer|range"
)
# Parameters that say where and as whom, not with which key. Everything else in `auth.params` is masked.
_OPEN_PARAM = re.compile(
    r"""
      server | servername | user | username | userid | inletid | sourceid | port | subdomain
    | bucket | bucketname | container | containername | path | folderpath | remotepath | httppath | region
    | s3region | account | accountname | accountid | storageaccountname | warehouse | database | databasename
    | dbname | schema | schemaname | catalog | role | project | projectid | tenant | tenantid | subscription
    | subscriptionname | topic | topicname | eventhubname | namespace | consumergroup | stream | streamname
    | version | apiversion | type | name | datatype | dataset | datasetid | authenticationrequired
    | authenticationtype | authtype | authorizeddate | authorizationdate | expirationdate | serviceprincipalid
    | clientid | consumerid | applicationid | appid | sitename | shopname | organization | organizationid | sslmode
    | enablessl | usessl | maxconcurrentconnections | \w*keyname | publickeyid
    | \w*(?:customer|cluster|dataset|workspace|portal|store|site|realm|environment|instance)id
    """,
    re.VERBOSE,
)


def squashed(name: str) -> str:
    """A name in lower case, letters and digits only: `X-Api_Key` is `xapikey`."""
    return _NOT_WORD.sub("", name.casefold())


@lru_cache(maxsize=4_096)
def is_destination(name: str) -> bool:
    """Whether a field of this name holds an address that may be shown."""
    plain = squashed(name)
    return _DESTINATION.search(plain) is not None and _KEY_IN_ADDRESS.search(plain) is None


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, wherever it stands."""
    plain = squashed(name)
    if is_destination(name) or _ABOUT.search(plain):
        return False
    if _SECRET.search(plain):
        return True
    words = _WORDS.findall(name)
    return bool(words) and words[-1].casefold() in _SECRET_WORDS


@lru_cache(maxsize=4_096)
def is_secret_in_query(name: str) -> bool:
    """Whether a query parameter of this name holds a secret; there `key` and `code` do."""
    return is_secret_name(name) or _IN_QUERY.search(squashed(name)) is not None


@lru_cache(maxsize=4_096)
def is_open_header(name: str) -> bool:
    """Whether the value of a header may be shown. Unknown ones may not."""
    return _OPEN_HEADERS.fullmatch(squashed(name)) is not None


@lru_cache(maxsize=4_096)
def is_open_param(name: str) -> bool:
    """Whether the value of an authentication parameter may be shown. Unknown names may not."""
    return is_destination(name) or _OPEN_PARAM.fullmatch(squashed(name)) is not None
