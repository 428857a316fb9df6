# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan in the words for people: what it is, what is shared, and what is done for each workspace."""

from __future__ import annotations

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import from_data
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.tell import lines

from tests.unit.saved_plan.plans import data_of, resealed, saved
from tests.unit.workspaces.situations import World, change, gcs, in_iam, plan_of, row, settings, unusable

US, DE, EU = settings(), settings("shop_de", currents_bucket="acme-de"), gcs()
INVENTORY = (US, DE, EU, unusable())


def test_a_saved_plan_is_told_as_it_was_told_then() -> None:
    found = lines(saved("onboard", *INVENTORY, names=["shop_us", "shop_eu"]))
    assert found[:3] == [
        "A plan for onboard.yml, made 2026-03-01 14:00 UTC by onramp.braze_fivetran 1.0.0.",
        "Plan: 2 workspaces: 2 to change.",
        "Not in it, though in the inventory: broken and shop_de.",
    ]
    assert found[3] == "shop_us: 3 changes."
    assert found[-1] == "  + create connection braze_shop_eu: there is none yet"


def test_what_is_shared_is_told_once_for_all() -> None:
    found = lines(saved("onboard", *INVENTORY))
    shared = [line for line in found if line.startswith("Shared: ")]
    assert len(shared) == 2
    assert all(line.endswith(", which shop_us and shop_de need.") for line in shared)


def test_what_a_file_says_makes_no_line_of_its_own() -> None:
    made = from_data(
        resealed(data_of("onboard", *INVENTORY), lambda data: data.update(made_by="x\x1b[2J\nshop_us: fine")),
        "plan.json",
    )
    assert all(line.isprintable() for line in lines(made))


def test_who_approves_a_long_policy_reads_which_bucket_it_gets() -> None:
    fleet = [settings(f"ws_{number}", currents_bucket=f"acme-currents-{number}") for number in range(1, 8)]
    buckets = [workspace.bucket for workspace in fleet[:-1]]
    world = World(rows=tuple(map(row, fleet)), iam=in_iam(fleet[0], *buckets))
    found = lines(saved("onboard", *fleet, world=world))
    said = [line for line in found if "Resource" in line]
    assert said == [
        '      document.Statement[0].Resource: added: "arn:aws:s3:::acme-currents-7"',
        '      document.Statement[0].Resource: added: "arn:aws:s3:::acme-currents-7/*"',
    ]


def test_what_several_need_is_known_of_one_of_them_alone() -> None:
    """A slice of a fleet sees one of them, and has to know that others need the same."""
    approved = saved("onboard", *INVENTORY)
    alone = plan_of("onboard", US, EU).workspaces
    assert not change(alone["shop_us"], "policy").shared_with
    assert approved.is_shared(change(alone["shop_us"], "policy"))
    assert not approved.is_shared(change(alone["shop_eu"], "grant"))
