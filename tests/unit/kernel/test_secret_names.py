# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands under the name of a secret is shown by nobody, whatever service it belongs to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.state import view
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.difference import (
    before_and_after,
    differences,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.names import (
    is_secret_name,
    without_secrets,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import REDACTED, Redactor

from tests.sandbox.contract import DOCUMENT

# Those of Fivetran's services, of variables and of files with credentials.
SECRETS = (
    *("api_key", "apiKey", "api_secret", "password", "pgp_pass_phrase", "secret_key", "access_key_secret", "token"),
    *("abs_connection_string", "abs_export_connection_string", "auth_token", "client_private_key", "private_key"),
    *("oauth_token_secret", "refreshToken", "client_secret", "blob_sas_url", "account_key", "sas_token", "keystore"),
    *("secrets_list", "shared_access_signature", "braze_api_key", "vault_braze_api_key_shop_us", "braze_api_key_old"),
    *("vault_braze_api_key_2", "fivetran_api_secret", "s3_access_aws_session_token", "key", "AccountKey", "PASSWORD"),
)
OTHERS = (
    *("primary_key", "public_key", "partition_key", "signer_public_key", "access_key_id", "system_key_id", "keyword"),
    *("external_secrets_manager_id", "secret_name", "token_url", "monkey", "api_key_id", "s3_access_role_name"),
    *("kms_key_arns", "password_policy", "is_keyed", "host", "bucket", "user", "tokenizer", "s3role_arn", "compass"),
)
OF_BRAZE = ("api_key", "abs_connection_string", "abs_export_connection_string")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_sounds_like_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Fivetran's document is not there")
def test_the_passwords_of_fivetrans_document_are_known_by_their_names() -> None:
    found = _passwords(json.loads(DOCUMENT.read_text()))
    # Fivetran masks the ARN of a role like one, which is no secret.
    assert {name for name in found if not is_secret_name(name) and "role_arn" not in name} == set()
    assert set(OF_BRAZE) <= found


def _passwords(data: Any) -> set[str]:
    if isinstance(data, list):
        return set().union(*map(_passwords, data))
    if not isinstance(data, dict):
        return set()
    properties = data.get("properties")
    fields = properties.items() if isinstance(properties, dict) else ()
    own = {name for name, field in fields if isinstance(field, dict) and field.get("format") == "password"}
    return own.union(*map(_passwords, data.values()))


def test_a_connection_of_any_service_is_shown_without_its_passwords_also_where_fivetran_does_not_mask_them() -> None:
    config = {
        "host": "db.acme.example",
        "password": "a-password",
        "api_token": "******",
        "secrets_list": [{"key": "TOKEN", "value": "a-token"}],
        "headers": [{"key": "Authorization", "value": "Bearer a-token"}, {"key": "Accept", "value": "*/*"}],
        "tunnel": {"private_key": "a-key", "port": 22},
        "public_key": "ssh-ed25519 AAAA",
        "token_ttl": 3600,
        "pat": None,
    }
    shown = view({"service": "postgres", "config": config}, Redactor([]), {})["config"]
    assert shown == {
        "host": "db.acme.example",
        "password": REDACTED,
        "api_token": "******",
        "secrets_list": [{"key": REDACTED, "value": REDACTED}],
        "headers": [{"key": "Authorization", "value": REDACTED}, {"key": "Accept", "value": "*/*"}],
        "tunnel": {"private_key": REDACTED, "port": 22},
        "public_key": "ssh-ed25519 AAAA",
        "token_ttl": 3600,
        "pat": None,
    }


def test_a_difference_hides_what_is_a_secret_by_its_name_wherever_it_was_given() -> None:
    found = differences({"password": "new-one", "host": "b"}, {"password": "old-one", "host": "a"})
    shown = before_and_after(found, "a connection")
    assert (shown["before"], shown["after"]) == (
        {"host": "a", "password": REDACTED},
        {"host": "b", "password": f"{REDACTED} (sent again)"},
    )


def test_what_is_no_text_is_left_alone() -> None:
    data = {"password": None, "token": False, "secret": 7, "key": "", "credentials": {"user": "x", "n": 1}}
    assert without_secrets(data) == {**data, "credentials": {"user": REDACTED, "n": 1}}
