# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once, over two inventories that know nothing of each other and share a role: no bucket is lost unsaid."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.collection import CHECKOUT
from tests.hardening.onboarding import workspaces
from tests.integration.playbooks.fleet import policy_document
from tests.integration.playbooks.plans import make_bucket
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
BUCKETS = ("acme-race-one", "acme-race-two")
# Seconds by which the second run begins later: so that each part of it meets each part of the other.
LATER = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def inventory(bucket: str) -> dict[str, object]:
    settings = {
        "braze_api_key": world.BRAZE_KEY_SHOP_US,
        "currents_storage": "s3",
        "currents_bucket": bucket,
        "currents_prefix": "currents",
        "fivetran_schema": bucket.replace("-", "_"),
    }
    everything = workspaces(**{bucket.replace("-", "_"): settings})
    hosts = everything["braze_workspaces"]["hosts"]
    everything["braze_workspaces"]["hosts"] = {name: hosts[name] for name in hosts if name.startswith("acme_race")}
    return everything


# `make test` has test_concurrency.py.
@pytest.mark.slow
@pytest.mark.parametrize("later", LATER)
def test_what_a_run_reports_as_done_is_there_whatever_another_one_did(sandbox: Sandbox, later: float) -> None:
    for bucket in BUCKETS:
        make_bucket(sandbox, bucket, "currents")

    def onboard(number: int) -> PlayResult:
        time.sleep(later * number)
        return run_playbook(sandbox, ONBOARD, inventory=inventory(BUCKETS[number]))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(onboard, range(2))
    document = policy_document(sandbox)
    for run, bucket in ((first, BUCKETS[0]), (second, BUCKETS[1])):
        if run.exit_code == 0:
            assert bucket in document, f"{bucket} is lost, and its run says nothing: {run.output}"
        else:
            assert run.messages().strip(), run.output
    assert 0 in (first.exit_code, second.exit_code), f"{first.output}\n{second.output}"
    # One after the other, both get what they want, and keep what the other has.
    for bucket in BUCKETS:
        again = run_playbook(sandbox, ONBOARD, inventory=inventory(bucket))
        assert again.exit_code == 0, again.output
    document = policy_document(sandbox)
    assert [bucket for bucket in BUCKETS if bucket not in document] == []
