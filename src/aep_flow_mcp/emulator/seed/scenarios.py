"""The stories planted in the sandbox `dev`, by name, so that tests and demos need not search for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .ids import Ids, object_key

DEFAULT_SEED = 7
_SANDBOX = "dev"

# story -> kind of object and its key
_STORIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "healthy": ("flow", "loyalty-nightly"),
        "expired_credentials": ("flow", "marketplace-orders"),
        "expired_credentials_too": ("flow", "reviews"),
        "expired_account": ("connection", "s3-partner"),
        "host_refused": ("flow", "carrier"),
        "host_refused_account": ("connection", "sftp-carrier"),
        "missing_file": ("flow", "supplier-prices"),
        "no_new_files": ("flow", "gift-cards"),
        "partial_ingestion": ("flow", "loyalty-partner"),
        "occasional_partial_ingestion": ("flow", "sf-cases"),
        "failed_and_recovered": ("flow", "pos-receipts"),
        "running_now": ("flow", "web-orders"),
        "getting_slower": ("flow", "ltv-scores"),
        "stale": ("flow", "call-centre"),
        "never_run": ("flow", "pickups"),
        "once": ("flow", "surveys"),
        "once_table": ("flow", "ad-spend"),
        "draft": ("flow", "wholesale"),
        "disabled": ("flow", "spring-campaign"),
        "deleted_dataset": ("flow", "newsletter-opens"),
        "failed_update": ("flow", "sf-accounts"),
        "same_name": ("flow", "products-files"),
        "same_name_too": ("flow", "products-warehouse"),
        "german_name": ("flow", "store-directory"),
        "japanese_name": ("flow", "loyalty-japan"),
        "arabic_name": ("flow", "gulf-customers"),
        "emoji_name": ("flow", "gift-registry"),
        "streaming_raw": ("flow", "web-clicks"),
        "streaming_xdm": ("flow", "app-events"),
        "streaming_pull": ("flow", "footfall"),
        "audience_export_with_skips": ("flow", "paid-media"),
        "audience_export_aborted_once": ("flow", "direct-mail"),
        "legacy_audience_export": ("flow", "remarketing-legacy"),
        "streaming_destination": ("flow", "push-attributes"),
        "export_to_landing_zone_ends_soon": ("flow", "export-transactions"),
        "export_to_s3": ("flow", "export-members"),
        "export_silently_stopped": ("flow", "export-clickstream"),
        "dataset_to_profile": ("flow", "profile-loyalty"),
        "dataset_to_identity": ("flow", "identity-loyalty"),
        "shared_account": ("connection", "s3-ingest"),
        "unused_account": ("connection", "gcs-agency"),
        "streaming_account": ("connection", "http-web"),
        "dataset_fed_by_several": ("dataset", "loyalty-members"),
        "dataset_that_is_gone": ("dataset", "newsletter-engagement"),
    }
)


def planted(seed: int = DEFAULT_SEED) -> Mapping[str, str]:
    """Story -> id of the flow, connection or dataset it is about, for one seed."""
    ids = Ids(seed)
    found = {}
    for story, (kind, key) in _STORIES.items():
        name = object_key(kind, _SANDBOX, key)
        found[story] = ids.dataset(name) if kind == "dataset" else ids.uuid(name)
    return MappingProxyType(found)


SCENARIOS: Mapping[str, str] = planted()
"""The stories of the default seed."""
