# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no workspace of the inventory claims is told, with the host that would claim it, and is nobody's failure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Plan, WorkspaceVerdict
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import MOST_UNCLAIMED
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.unit.workspaces.situations import (
    GROUP,
    GROUP_ID,
    MASK,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    SECRETS,
    UNREADABLE,
    World,
    in_iam,
    other_row,
    plan_of,
    row,
    settings,
    unknown,
    unusable,
)

US = settings()
S3 = {"cloud_storage_type": "AWS_S3", "s3bucket": "acme-currents", "s3folder": "old"}


def braze(schema: str = "braze_old", group: str = GROUP_ID, **changes: Any) -> dict[str, Any]:
    """Return a Braze connection of somebody."""
    config = {"api_url": "https://rest.iad-01.braze.com", "api_key": MASK, "s3role_arn": MASK, **S3}
    return {
        **other_row(schema, "braze", **{**config, **changes.pop("config", {})}),
        "id": f"id_of_{schema}_{group}" if group != GROUP_ID else f"id_of_{schema}",
        "group_id": group,
        "paused": False,
        **changes,
    }


def verified(*inventory: Any, rows: tuple[dict[str, Any], ...] = (braze(),), **more: Any) -> Plan:
    """Return the plan of verify.yml for these workspaces, US by default, beside their own connections."""
    entries = inventory or (US,)
    groups = {SECOND_GROUP: SECOND_GROUP_ID}
    own = tuple(
        row(entry, groups.get(entry.fivetran_group, GROUP_ID)) for entry in entries if isinstance(entry, Settings)
    )
    iam = in_iam(US, "acme-currents")
    return plan_of("verify", *entries, world=World(rows=(*own, *rows), iam=iam), **more)


def unclaimed(plan: Plan) -> list[str]:
    """Return the schemas that nobody claims."""
    return [found["schema"] for found in as_told(plan)["unclaimed"]]


def hosts(entry: str) -> dict[str, Any]:
    """Return the hosts of an entry that was pasted into an inventory."""
    inventory = yaml.safe_load(f"braze_workspaces:\n  hosts:\n{entry}")
    found: dict[str, Any] = inventory["braze_workspaces"]["hosts"]
    return found


EXPECTED = {
    "fivetran_group": GROUP_ID,
    "fivetran_schema": "braze_old",
    "braze_api_url": "https://rest.iad-01.braze.com",
    "currents_storage": "s3",
    "currents_bucket": "acme-currents",
    "currents_prefix": "old",
    "braze_api_key": "{{ vault_braze_api_key_braze_old }}",
}


def test_what_nobody_claims_is_told_in_one_line_with_the_host_that_would_claim_it() -> None:
    plan = verified()
    assert plan.workspaces[US.name].verdict is WorkspaceVerdict.FINE
    [found] = as_told(plan)["unclaimed"]
    assert {name: found[name] for name in ("host", "schema", "group_id", "group_name", "connection_id", "reads")} == {
        "host": "braze_old",
        "schema": "braze_old",
        "group_id": GROUP_ID,
        "group_name": GROUP,
        "connection_id": "id_of_braze_old",
        "reads": "s3://acme-currents/old",
    }
    fleet, head, line = as_told(plan)["told"]
    assert (fleet, as_told(plan)["msg"]) == ("Verified 1 workspace: 1 fine.",) * 2
    assert head == "1 Braze connection belongs to no workspace. To claim it, put this line below hosts:"
    assert hosts(line) == hosts(found["entry"]) == {"braze_old": EXPECTED}
    assert line.endswith("  # Warehouse. Connection id_of_braze_old: connected, on an unknown schedule, never synced.")
    # What is printed as JSON would show it as \".
    assert '"' not in line
    assert "s3_access_role_arn" in found["entry"]


@pytest.mark.parametrize("purpose", ["onboard", "rotate_key", "offboard"])
def test_only_verify_tells_it(purpose: str) -> None:
    told = as_told(plan_of(purpose, US, world=World(rows=(row(US), braze()), iam=in_iam(US, "acme-currents"))))
    assert "unclaimed" not in told
    assert told["told"] == [told["msg"]]


def test_without_any_there_is_no_line() -> None:
    plan = verified(rows=())
    assert as_told(plan)["told"] == [as_told(plan)["msg"]]


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (settings("old"), ("shop_us", "old")),
        (settings("old"), ("shop_us",)),
        (settings("old", fivetran_group=GROUP_ID), ("shop_us",)),
        (unusable("old"), ("shop_us",)),
        (unusable("old", fivetran_group=UNREADABLE), ("shop_us",)),
    ],
    ids=["plays", "does not play", "names the group by its id", "has no readable key", "may be of the group"],
)
def test_who_of_the_inventory_claims_it_also_outside_of_the_run_claims_it(other: Any, names: Any) -> None:
    assert unclaimed(verified(US, other, names=names)) == []


def test_the_same_schema_in_another_group_is_no_claim() -> None:
    other = settings("old", fivetran_group=SECOND_GROUP)
    assert unclaimed(verified(US, other, names=("shop_us",))) == ["braze_old"]


def test_only_groups_of_workspaces_that_play_are_told_of() -> None:
    other = settings("emea", fivetran_group=SECOND_GROUP)
    rows = (braze(), braze("braze_other", SECOND_GROUP_ID))
    assert unclaimed(verified(US, other, rows=rows, names=("shop_us",))) == ["braze_old"]
    assert unclaimed(verified(US, other, rows=rows, names=("emea",))) == ["braze_other"]
    assert unclaimed(verified(US, other, rows=rows)) == ["braze_old", "braze_other"]


def test_connections_of_other_services_are_of_no_interest() -> None:
    assert unclaimed(verified(rows=(other_row("lake"), other_row("crm", "salesforce")))) == []


@pytest.mark.parametrize(
    "broken",
    [unknown(), unusable(fivetran_schema=UNREADABLE), unusable(fivetran_schema=["braze_old"])],
    ids=["nothing can be read", "the schema cannot be read", "the schema is none"],
)
def test_what_somebody_may_claim_who_cannot_be_read_is_not_called_unclaimed(broken: Any) -> None:
    plan = verified(US, broken, rows=(braze(), braze("braze_older")))
    assert as_told(plan)["unclaimed"] == []
    assert as_told(plan)["told"][1:] == as_told(plan)["doubts"]
    [doubt] = plan.doubts
    assert doubt == (
        "No host that can be read claims braze_old and braze_older of the Fivetran group Warehouse. Which connection"
        " broken claims cannot be read, so that it may be one of these."
    )
    assert as_told(verified(US, broken, rows=()))["told"] == ["Verified 2 workspaces: 1 fine, 1 with findings."]


def test_who_cannot_be_read_in_another_group_leaves_no_doubt() -> None:
    broken = unusable(fivetran_schema=UNREADABLE, fivetran_group=SECOND_GROUP)
    assert unclaimed(verified(US, broken)) == ["braze_old"]


def test_the_host_has_a_name_that_nobody_has() -> None:
    rows = (braze("shop_us"), braze("braze_old"), braze("braze_old", SECOND_GROUP_ID))
    other = settings("emea", fivetran_group=SECOND_GROUP)
    names = [found["host"] for found in as_told(verified(US, other, rows=rows))["unclaimed"]]
    assert names == ["braze_old_jovial_daylight", "shop_us_jovial_daylight", "braze_old_patient_harbor"]


def test_a_folder_that_a_workspace_reads_as_well_is_said_to_be_shared() -> None:
    shared = {"s3folder": f"/{US.prefix}/"}
    [found] = as_told(verified(rows=(braze(config=shared),)))["unclaimed"]
    assert hosts(found["entry"])["braze_old"]["currents_folder_shared"] is True
    claimed = settings("old", currents_prefix=US.prefix, currents_folder_shared=True)
    again = verified(US, claimed, rows=(braze(config=shared),))
    assert "folder_read_twice" not in str(as_told(again)["workspaces"][US.name]["problems"])


def test_each_key_may_see_other_connections_of_a_group() -> None:
    other = settings("other", fivetran_api_key="another-key-of-the-account")
    seen = {questions.connections(other, GROUP_ID): Returned((row(other), braze("braze_hidden")))}
    assert unclaimed(verified(US, other, answers=seen)) == ["braze_hidden", "braze_old"]


def test_of_very_many_the_first_are_told_line_by_line() -> None:
    rows = tuple(braze(f"braze_{number:03}") for number in range(MOST_UNCLAIMED + 5))
    told = as_told(verified(rows=rows))
    assert len(told["unclaimed"]) == MOST_UNCLAIMED + 5
    assert len(told["told"]) == MOST_UNCLAIMED + 3
    assert told["told"][-1] == "    ... and 5 more: discover.yml writes an inventory."


def test_a_workspace_whose_group_could_not_be_looked_at_has_nothing_unclaimed() -> None:
    assert as_told(verified(replace(US, fivetran_group="Nowhere")))["told"] == [
        "Verified 1 workspace: 1 with findings."
    ]


# The first example may load a module.
@hypothesis_settings(deadline=None)
@given(st.text() | st.sampled_from(["{{ lookup('pipe', 'id') }}", "a\n    evil:\n      x: 1", "# x", *SECRETS]))
def test_no_text_of_fivetran_breaks_out_of_its_line_or_entry(text: str) -> None:
    fields = {"s3bucket": text, "s3folder": text, "api_url": text}
    told = json.loads(json.dumps(as_told(verified(rows=(braze(text, config=fields, id="x"),)))))
    if not told["unclaimed"]:
        assert text == "braze_shop_us"
        return
    [found] = told["unclaimed"]
    for line in (*told["told"], *(value for name, value in found.items() if name != "entry")):
        assert line == "" or line.isprintable()
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    for entry in (told["told"][2], found["entry"]):
        assert yaml.load(f"hosts:\n{entry}", loader)["hosts"] == yaml.load(entry, loader)
        [(host, read)] = yaml.load(entry, loader).items()
        assert host == found["host"]
        assert set(read) <= {*EXPECTED, "currents_folder_shared"}
    assert not any(secret in json.dumps(told) for secret in SECRETS if secret.startswith(("0d1f", "Default")))
