# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has left the inventory becomes a host of which everything is said that somebody else could say otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery import leaving
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.access import AccessVariables, Candidate
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import all_options

from tests.unit.discovery.rows import AZURE, GCS, S3, connection
from tests.unit.workspaces.situations import GROUP, GROUP_ID, SECOND_GROUP, UNREADABLE, settings, unknown, unusable

ARN = "arn:aws:iam::111122223333:role/made-by-hand"
OWN = {"s3_access_role_name": "Fivetran", "s3_access_path": "/", "s3_access_policy_name": "reads"}
FOREIGN = {"s3_access_role_arn": ARN}
# As the role makes it if nobody says otherwise.
DEFAULT = {
    "s3_access_role_arn": "",
    "s3_access_role_name": "Fivetran",
    "s3_access_policy_name": "Fivetran-S3-Access",
    "s3_access_path": "/",
    "s3_access_scope": "bucket",
    "s3_access_kms_key_arns": [],
}
PROFILE = {"s3_access_aws_profile": "acme"}


def test_every_variable_is_a_setting() -> None:
    assert set(leaving.VARIABLES) <= set(all_options())


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (S3, ("s3", "acme-currents-us", "currents")),
        ({**GCS, "gcs_folder": "/"}, ("gcs", "acme-currents-eu", "")),
        (AZURE, ("azure", "currents", "shop")),
        ({"cloud_storage_type": "NONE"}, ("none", "", "")),
        ({"cloud_storage_type": "FTP"}, ("none", "", "")),
    ],
    ids=["s3", "gcs", "azure", "none", "unknown"],
)
def test_what_is_read_is_said_also_where_it_is_nothing(config: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert leaving._identity(connection(config=config)) == {
        "fivetran_group": "jovial_daylight",
        "fivetran_schema": "braze_shop_us",
        **dict(zip(("currents_storage", "currents_bucket", "currents_prefix"), expected, strict=True)),
    }


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (AccessVariables({}), DEFAULT),
        (
            AccessVariables({**PROFILE, "s3_access_policy_name": "reads"}),
            {**DEFAULT, **PROFILE, "s3_access_policy_name": "reads"},
        ),
        (AccessVariables({**PROFILE, **FOREIGN}), {**PROFILE, **FOREIGN}),
        (AccessVariables(PROFILE, missing="There is none."), PROFILE),
        (
            AccessVariables(PROFILE, candidates=(Candidate(FOREIGN), Candidate(OWN)), missing="Two."),
            {**DEFAULT, **PROFILE, "s3_access_policy_name": "reads"},
        ),
        (AccessVariables(candidates=(Candidate(FOREIGN), Candidate({**FOREIGN, "x": "y"})), missing="Two."), {}),
        (AccessVariables(candidates=(Candidate(OWN), Candidate(OWN)), missing="Two."), {}),
    ],
    ids=["own by default", "own", "of somebody else", "none", "own of two", "two of others", "two own"],
)
def test_a_role_is_named_as_it_was_made_or_by_its_arn_or_not_at_all(access: AccessVariables, expected: Any) -> None:
    assert leaving._access("s3", access) == expected


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (AccessVariables({}), {"gcs_access_scope": "bucket"}),
        (AccessVariables({"gcs_access_scope": "prefix"}), {"gcs_access_scope": "prefix"}),
        (AccessVariables({"gcs_access_manage": False}, ("Somebody else's.",)), {}),
        (AccessVariables(missing="No grant."), {}),
    ],
    ids=["own", "own for the folder", "of somebody else", "none"],
)
def test_of_grants_only_the_own_one_has_a_known_scope(access: AccessVariables, expected: Any) -> None:
    assert leaving._access("gcs", access) == expected


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (settings("old"), "claimed"),
        (settings("old", fivetran_group=GROUP_ID), "claimed"),
        (unusable("old"), "claimed"),
        (unknown("old"), "claim_unknown"),
        (unusable("x", fivetran_schema=UNREADABLE), "claim_unknown"),
        (settings("other"), None),
        (settings("old", fivetran_group=SECOND_GROUP), None),
        (unusable("x", fivetran_schema=UNREADABLE, fivetran_group=SECOND_GROUP), None),
    ],
)
def test_what_a_host_claims_or_may_claim_is_refused_and_the_host_is_named(entry: Any, code: str | None) -> None:
    if code is None:
        leaving.check_unclaimed("braze_old", (GROUP_ID, GROUP), [settings("shop_us"), entry])
        return
    with pytest.raises(OnrampError) as refusal:
        leaving.check_unclaimed("braze_old", (GROUP_ID, GROUP), [settings("shop_us"), entry])
    assert refusal.value.failure.code == code
    assert entry.name in refusal.value.msg
    assert "shop_us" not in refusal.value.msg


def test_what_is_told_first_is_a_sentence_whatever_is_read() -> None:
    for config, reads in ((S3, ", which reads s3://acme-currents-us/currents,"), ({"cloud_storage_type": "NONE"}, "")):
        [told, *_more] = leaving._told("host", connection(config=config), AccessVariables(), ())
        assert told == f"The connection braze_shop_us of the Fivetran group Warehouse{reads} leaves as the host host."
