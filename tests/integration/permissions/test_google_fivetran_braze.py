# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/permissions.md says about Google Cloud, Fivetran and Braze."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import PERMISSION_NAMES

from tests.integration.permissions.documented import block
from tests.integration.playbooks.fleet import grants, play
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.gcs_iam import ROLES

EVERYTHING = frozenset().union(*ROLES.values())
# Without these a playbook goes on, and says what it could not look at.
LOOKING = ("storage.buckets.get", "storage.objects.get", "storage.objects.list")
GCS = ("--limit", "shop_eu")
CONFIRMED = ("-e", "offboard_confirmed=true")
READER = dict(zip(("FIVETRAN_APIKEY", "FIVETRAN_APISECRET"), world.FIVETRAN_READER, strict=True))


def documented_role(playbook: str) -> set[str]:
    """Return the permissions of the role of a playbook."""
    return set(yaml.safe_load(block("yaml", f"Google Cloud: {playbook}.yml"))["includedPermissions"])


def hold(sandbox: Sandbox, permissions: set[str]) -> None:
    """Let the person who runs the playbook hold these permissions and no others."""
    assert permissions <= EVERYTHING
    sandbox.seed("gcs", "deny_owner", permissions=sorted(EVERYTHING - permissions))


def told(sandbox: Sandbox, playbook: str, *arguments: str) -> tuple[int, str]:
    """Return the exit code of a playbook, and everything that it says."""
    result = play(sandbox, playbook, *GCS, *arguments)
    return result.exit_code, json.dumps([task.result for task in result.tasks]) + result.output


def test_onboarding_in_google_cloud_works_with_exactly_the_documented_role(sandbox: Sandbox) -> None:
    hold(sandbox, documented_role("onboard"))
    assert play(sandbox, "onboard", *GCS).exit_code == 0
    assert len(grants(sandbox)) == 1


@pytest.mark.slow
def test_onboarding_in_google_cloud_names_each_permission_that_is_lacking(sandbox: Sandbox) -> None:
    role = documented_role("onboard")
    for permission in sorted(role - {*LOOKING}):
        hold(sandbox, role - {permission})
        exit_code, message = told(sandbox, "onboard")
        assert exit_code == 2
        assert permission in message
        assert grants(sandbox) == []
    for permission in LOOKING:
        hold(sandbox, role - {permission})
        exit_code, message = told(sandbox, "onboard")
        assert exit_code == 0
        assert permission in message


@pytest.mark.slow
def test_verifying_and_offboarding_in_google_cloud_work_with_the_documented_roles_and_name_what_is_lacking(
    sandbox: Sandbox,
) -> None:
    assert play(sandbox, "onboard", *GCS).exit_code == 0
    role = documented_role("verify")
    hold(sandbox, role)
    assert play(sandbox, "verify", *GCS).exit_code == 0
    hold(sandbox, role - {"storage.buckets.getIamPolicy"})
    exit_code, message = told(sandbox, "verify")
    assert exit_code == 2
    assert "storage.buckets.getIamPolicy" in message
    hold(sandbox, set())
    assert play(sandbox, "rotate_key", *GCS).exit_code == 0
    role = documented_role("offboard")
    for permission in sorted(role):
        hold(sandbox, role - {permission})
        exit_code, message = told(sandbox, "offboard", *CONFIRMED)
        assert exit_code == 2
        assert permission in message
    hold(sandbox, role)
    assert play(sandbox, "offboard", *GCS, *CONFIRMED).exit_code == 0
    assert grants(sandbox) == []


@pytest.mark.slow
def test_a_fivetran_key_that_may_only_read_can_verify_and_nothing_else(sandbox: Sandbox) -> None:
    refused = play(sandbox, "onboard", *GCS, **READER)
    assert refused.exit_code == 2
    assert "Account Administrator" in refused.messages("shop_eu")
    assert sandbox.writes() == []
    sandbox.seed(
        "fivetran", "add_account_key", key="a-key-of-the-group", secret="its-secret", name="of the group",
        groups=[world.GROUP_ID],
    )  # fmt: skip
    scoped = {"FIVETRAN_APIKEY": "a-key-of-the-group", "FIVETRAN_APISECRET": "its-secret"}
    assert play(sandbox, "onboard", *GCS, **scoped).exit_code == 0
    assert play(sandbox, "verify", *GCS, **READER).exit_code == 0
    for playbook in ("rotate_key", "offboard"):
        refused = play(sandbox, playbook, *GCS, *CONFIRMED, **READER)
        assert refused.exit_code == 2
        assert "Forbidden" in refused.messages("shop_eu") or "Account Administrator" in refused.messages("shop_eu")
        assert play(sandbox, playbook, *GCS, *CONFIRMED, **scoped).exit_code == 0


def test_the_permissions_of_the_braze_key_are_those_that_are_checked() -> None:
    assert tuple(block("text", "Braze").split()) == PERMISSION_NAMES
