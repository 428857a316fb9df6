# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access that stays because the settings have moved on is named, with how it is taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualRole
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.finding import Finding
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings

from tests.unit.workspaces.situations import (
    GROUP_ID,
    SERVICE_ACCOUNT,
    World,
    change,
    codes,
    gcs,
    in_iam,
    other_row,
    plan_of,
    plans_of,
    row,
    settings,
)

ELSEWHERE = ("role_elsewhere", "grant_elsewhere")
WAS_IN_S3 = settings("us", currents_bucket="bucket-us")
WAS_IN_GCS = gcs("us", currents_bucket="bucket-us-in-gcs")
NOWHERE = settings("us", currents_storage="none", currents_bucket=None, currents_prefix=None)


def told(purpose: str, now: Settings, was: Settings, **world: object) -> list[Finding]:
    """Return what is said of access elsewhere to a workspace whose connection is as other settings made it."""
    [plan] = plans_of(purpose, now, world=World(rows=(row(was),), **world))  # type: ignore[arg-type]
    assert codes(plan) == []
    return [finding for finding in plan.warnings if finding.code in ELSEWHERE]


@pytest.mark.parametrize(
    ("now", "was", "kept", "wanted"),
    [
        (WAS_IN_GCS, WAS_IN_S3, "s3://bucket-us", "currents_storage: s3 and currents_bucket: bucket-us"),
        (NOWHERE, WAS_IN_S3, "s3://bucket-us", "currents_storage: s3 and currents_bucket: bucket-us"),
        (WAS_IN_S3, WAS_IN_GCS, "gs://bucket-us-in-gcs", "currents_storage: gcs and currents_bucket: bucket-us-in-gcs"),
        (NOWHERE, WAS_IN_GCS, "gs://bucket-us-in-gcs", "currents_storage: gcs and currents_bucket: bucket-us-in-gcs"),
        (gcs("us"), WAS_IN_GCS, "gs://bucket-us-in-gcs", "currents_bucket: bucket-us-in-gcs"),
    ],
)
def test_who_leaves_is_told_of_the_access_that_its_connection_has_elsewhere(
    now: Settings, was: Settings, kept: str, wanted: str
) -> None:
    [finding] = told("offboard", now, was, iam=in_iam(WAS_IN_S3, "bucket-us"))
    assert kept in finding.message
    assert "stay" in finding.message
    assert f"set {wanted}, and run offboard.yml" in finding.remedy


def test_who_leaves_as_it_was_made_is_told_of_nothing_elsewhere() -> None:
    assert told("offboard", WAS_IN_S3, WAS_IN_S3, iam=in_iam(WAS_IN_S3, "bucket-us")) == []
    assert told("offboard", WAS_IN_GCS, WAS_IN_GCS) == []
    assert told("offboard", NOWHERE, NOWHERE) == []


def test_a_run_that_moves_a_connection_to_another_storage_tells_how_the_old_access_goes() -> None:
    to_gcs = gcs("us", currents_bucket="bucket-us-in-gcs", fivetran_connection_adopt=True)
    [finding] = told("onboard", to_gcs, WAS_IN_S3)
    assert "The IAM role and the policy that let Fivetran read it stay" in finding.message
    for part in (
        "onramp.braze_fivetran.s3_access -e s3_access_state=absent",
        f"-e s3_access_external_id={GROUP_ID} -e s3_access_bucket=bucket-us",
        "-e s3_access_role_name=Fivetran -e s3_access_policy_name=Fivetran-S3-Access",
    ):
        assert part in finding.remedy
    other = gcs("us", currents_bucket="acme-other", fivetran_connection_adopt=True)
    [finding] = told("onboard", other, WAS_IN_GCS)
    assert f"-e gcs_access_bucket=bucket-us-in-gcs -e gcs_access_member={SERVICE_ACCOUNT}" in finding.remedy


def if_the_group_is_gone(workspace: Settings, **world: object) -> str:
    """Return what is said to a workspace that leaves, and whose group Fivetran does not have any more."""
    others = ({"id": "others", "name": "Others"},)
    [plan] = plans_of("offboard", workspace, world=World(groups=others, **world))  # type: ignore[arg-type]
    [problem] = plan.problems
    assert problem.code == "NotFound_Group"
    return problem.remedy


def test_where_the_group_was_deleted_the_command_has_the_external_id_that_the_role_bears() -> None:
    remedy = if_the_group_is_gone(WAS_IN_S3, iam=in_iam(WAS_IN_S3, "bucket-us"))
    assert f"-e s3_access_external_id={GROUP_ID} -e s3_access_bucket=bucket-us" in remedy
    assert "GROUP_ID" not in remedy


def test_where_the_group_was_only_renamed_no_command_is_told_but_its_id() -> None:
    renamed = ({"id": GROUP_ID, "name": "Warehouse_US"},)
    [plan] = plans_of("offboard", WAS_IN_S3, world=World(groups=renamed, iam=in_iam(WAS_IN_S3, "bucket-us")))
    [problem] = plan.problems
    assert problem.code == "NotFound_Group"
    assert f"exists and is called Warehouse_US. If that is meant, set fivetran_group: {GROUP_ID}." in problem.remedy
    assert "ansible localhost" not in problem.text()
    # In Google Cloud Storage nothing tells for which group a service account reads.
    [plan] = plans_of("offboard", WAS_IN_GCS, world=World(groups=renamed))
    assert "If it was renamed, set fivetran_group to its id. If it was deleted," in plan.problems[0].remedy


@pytest.mark.parametrize(
    ("now", "was", "parts"),
    [
        (
            gcs(
                "us",
                fivetran_connection_adopt=True,
                s3_access_scope="prefix",
                s3_access_path="/data/",
                s3_access_aws_profile="data of us",
            ),
            settings("us", currents_bucket="bucket-us", currents_prefix="old", s3_access_scope="prefix"),
            [
                "-e s3_access_scope=prefix",
                "-e s3_access_prefix=old",
                "-e s3_access_path=/data/",
                """-e '{"s3_access_aws_profile": "data of us"}'""",
            ],
        ),
        (
            gcs(
                "us",
                fivetran_connection_adopt=True,
                s3_access_kms_key_arns=["arn:aws:kms:eu-central-1:111122223333:key/0d1f6c1e-5a54-4c1a"],
                s3_access_aws_access_key="AKIAIOSFODNN7EXAMPLE",
                s3_access_aws_secret_key="wJalrXUtnFEMI",
            ),
            WAS_IN_S3,
            [
                '-e \'{"s3_access_kms_key_arns": ["arn:aws:kms:eu-central-1:111122223333:key/0d1f6c1e-5a54-4c1a"]}\'',
                "s3_access_aws_secret_key of the inventory it needs as well",
            ],
        ),
        (
            settings("us", fivetran_connection_adopt=True, gcs_access_scope="prefix"),
            WAS_IN_GCS,
            ["-e gcs_access_scope=prefix", "-e gcs_access_prefix=us"],
        ),
        (
            settings("us", fivetran_connection_adopt=True, gcs_access_role="projects/acme/roles/reader"),
            WAS_IN_GCS,
            ["-e gcs_access_role=projects/acme/roles/reader"],
        ),
    ],
    ids=["S3 prefix", "S3 keys", "GCS prefix", "GCS role"],
)
def test_the_command_that_takes_access_away_has_all_that_the_inventory_says_of_it(
    now: Settings, was: Settings, parts: list[str]
) -> None:
    [finding] = told("onboard", now, was)
    for part in parts:
        assert part in finding.remedy
    assert "wJalr" not in finding.remedy


def test_a_folder_that_a_grant_is_narrowed_to_is_told_where_the_connection_is_pointed_to_another() -> None:
    was = gcs("us", currents_bucket="bucket-us-in-gcs", gcs_access_scope="prefix", currents_prefix="app")
    now = gcs(
        "us",
        currents_bucket="bucket-us-in-gcs",
        gcs_access_scope="prefix",
        currents_prefix="loyalty",
        fivetran_connection_adopt=True,
    )
    [finding] = told("onboard", now, was)
    assert "currents_prefix: the connection reads gs://bucket-us-in-gcs/app, and the inventory names loyalty." in str(
        finding.message
    )
    assert "-e gcs_access_scope=prefix -e gcs_access_prefix=app" in finding.remedy
    [finding] = told("offboard", now, was)
    assert finding.remedy == "To take that away as well, set currents_prefix: app, and run offboard.yml again."
    elsewhere = gcs("us", currents_bucket="acme-other", gcs_access_scope="prefix", currents_prefix="loyalty")
    [finding] = told("offboard", elsewhere, was)
    assert "set currents_bucket: bucket-us-in-gcs and currents_prefix: app, and run" in finding.remedy


@pytest.mark.parametrize("tags", [{}, {"onramp.braze_fivetran/external-id": "sha256:0815"}])
def test_where_the_role_bears_no_external_id_it_is_said_where_to_read_it(tags: dict[str, str]) -> None:
    for iam in (in_iam(WAS_IN_S3, "bucket-us", tags=tags), ()):
        remedy = if_the_group_is_gone(WAS_IN_S3, iam=iam)
        assert "-e s3_access_external_id=GROUP_ID" in remedy
        assert remedy.endswith("shows: aws iam get-role --role-name Fivetran")


def test_where_the_service_account_is_not_known_it_is_said_where_to_read_it() -> None:
    shows = "gcloud storage buckets get-iam-policy gs://bucket-us-in-gcs"
    remedy = if_the_group_is_gone(WAS_IN_GCS)
    assert "-e gcs_access_member=E-MAIL" in remedy
    assert remedy.endswith(shows)
    to_s3 = settings("us", currents_bucket="bucket-us", fivetran_connection_adopt=True)
    [finding] = told("onboard", to_s3, WAS_IN_GCS)
    assert "-e gcs_access_member=E-MAIL" in finding.remedy
    assert finding.remedy.endswith(shows)


def test_a_role_of_another_name_stays_and_that_is_said() -> None:
    renamed = settings("us", currents_bucket="bucket-us", s3_access_role_name="New", s3_access_policy_name="New")
    [finding] = told("offboard", renamed, WAS_IN_S3)
    assert "there is no IAM role New" in finding.message
    assert "s3://bucket-us" in finding.message
    assert "s3_access_role_name and s3_access_policy_name" in finding.remedy
    # Its connection is gone: nothing is known of what it has read with.
    [plan] = plans_of("offboard", renamed, world=World())
    assert plan.warnings == ()


@pytest.mark.parametrize(
    "named",
    [
        "bucket-us",
        "s3://bucket-us/folder",
        " S3N://bucket-us",
        "gs://bucket-us/x",
        "arn:aws-cn:s3:::bucket-us*",
        "http://s3-eu-west-1.amazonaws.com.cn/bucket-us",
        "https://storage.googleapis.com/bucket-us/x",
        "https://bucket-us.storage.googleapis.com",
        "arn:aws:s3:::bucket-us/*",
        "https://bucket-us.s3.eu-west-1.amazonaws.com/",
        "https://s3.amazonaws.com/bucket-us/x",
    ],
)
def test_what_a_neighbor_reads_stays_however_it_names_the_bucket(named: str) -> None:
    neighbor = other_row("theirs", "s3", place=named)
    world = World(iam=in_iam(WAS_IN_S3, "bucket-us"), rows=(row(WAS_IN_S3), neighbor))
    [plan] = plans_of("offboard", WAS_IN_S3, world=world)
    assert [found.kind for found in plan.todo] == ["connection"]
    assert "theirs" in " ".join(found.message for found in plan.noticed)


def test_what_a_deleted_connection_has_read_is_taken_away_however_fresh_the_policy_is() -> None:
    moved_on = settings("us", currents_bucket="bucket-new")
    policy, role = in_iam(WAS_IN_S3, "bucket-us", "bucket-of-another-run")
    assert not isinstance(policy, ActualRole)
    fresh = (replace(policy, is_fresh=True), role)
    first = plan_of("offboard", moved_on, world=World(iam=fresh, rows=(row(WAS_IN_S3),)))
    assert first.workspaces["us"].reads == ("bucket-us",)
    # The second look of the run, once the connection is gone.
    [second] = plans_of("offboard", moved_on, world=World(iam=fresh), buckets_left={"us": ["bucket-us"]})
    for plan in (first.workspaces["us"], second):
        assert "bucket-us" in plan.access.buckets
        assert "bucket-of-another-run" not in plan.access.buckets
        assert change(plan, "policy").action.value == "update"
    [unsaid] = plans_of("offboard", moved_on, world=World(iam=fresh))
    assert change(unsaid, "policy").action.value == "none"
