# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of a change, against the sandbox's state over HTTP."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.hardening.steps import MEMBER, VIEWER
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# The sandbox is brought back by each example itself.
OVER_HTTP = settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

folders = st.none() | st.text("abcdefghij/-_", max_size=12)
configs = st.fixed_dictionaries(
    {"cloud_storage_type": st.sampled_from(["NONE", "GCS", "AWS_S3"])},
    optional={
        "gcs_bucket": st.sampled_from(["acme-one", "acme-two"]),
        "gcs_folder": folders,
        "s3bucket": st.sampled_from(["acme-three", "acme-four"]),
        "s3folder": folders,
        "enable_exports": st.booleans(),
        "historical_sync_limit": st.sampled_from(["ALL_TIME"]),
    },
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "sync_frequency": st.sampled_from([5, 60, 360]),
        "schedule_type": st.sampled_from(["auto", "manual"]),
        "pause_after_trial": st.booleans(),
        "data_delay_sensitivity": st.sampled_from(["LOW", "NORMAL", "HIGH"]),
    },
)


@OVER_HTTP
@given(before=configs, after=configs, fields_before=fields, fields_after=fields)
def test_what_a_run_has_changed_the_next_run_leaves_alone(
    sandbox: Sandbox, before: dict[str, Any], after: dict[str, Any], fields_before: Any, fields_after: Any
) -> None:
    sandbox.reset()

    def run(config: dict[str, Any], stored: dict[str, Any], *, check: bool = False) -> Any:
        arguments = {
            "group_id": world.GROUP_ID,
            "service": "braze",
            "schema": "braze",
            "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], **config},
            "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_US},
            "run_setup_tests": "never",
            **stored,
        }
        result = run_module("fivetran_connection", arguments, sandbox.env, check=check)
        assert not result.failed, result.msg
        return result

    run(before, fields_before)
    predicted = run(after, fields_after, check=True)
    changed = run(after, fields_after)
    assert predicted.changed == changed.changed
    assert predicted["diff"] == changed["diff"]
    hashed = sandbox.state_hash()
    again = run(after, fields_after)
    assert not again.changed
    assert sandbox.state_hash() == hashed


members = st.sampled_from(
    ["user:ann@example.com", "group:ops@example.com", "serviceAccount:x@p.iam.gserviceaccount.com"]
)
conditions = st.none() | st.just({"title": "theirs", "expression": 'resource.name.startsWith("projects/_/buckets/b")'})


def _binding(role: str, who: list[str], condition: Any) -> dict[str, Any]:
    return {"role": role, "members": sorted(who), **({"condition": condition} if condition else {})}


bindings = st.lists(
    st.builds(
        _binding,
        st.sampled_from([VIEWER, "roles/storage.admin", "roles/storage.objectAdmin"]),
        st.lists(members, min_size=1, max_size=3, unique=True),
        conditions,
    ),
    max_size=4,
    unique_by=lambda binding: (binding["role"], "condition" in binding),
)


@OVER_HTTP
@given(foreign=bindings)
def test_granting_and_taking_away_loses_nobodys_binding(sandbox: Sandbox, foreign: list[dict[str, Any]]) -> None:
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=foreign)

    def grants() -> set[tuple[str, str, str]]:
        policy = sandbox.seed("gcs", "policy", bucket=world.GCS_BUCKET)
        return {
            (entry["role"], member, str(entry.get("condition"))) for entry in policy["bindings"]
            for member in entry["members"]
        }  # fmt: skip

    theirs = grants()
    arguments = {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT}
    assert run_module("gcs_bucket_iam_member", arguments, sandbox.env).changed
    assert grants() == theirs | {(VIEWER, MEMBER, "None")}
    assert run_module("gcs_bucket_iam_member", {**arguments, "state": "absent"}, sandbox.env).changed
    assert grants() == theirs
