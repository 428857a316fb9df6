# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: a host for each Braze connection of the account, with a few requests and without any secret."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.documents import examples
from tests.integration.inventories.by_hand import GCS, PLUGIN, S3, ansible, listed, make, make_several, read, source
from tests.integration.playbooks.fleet import findings, play
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

HOSTS = ["braze_app", "braze_none", "braze_shop_jovial_daylight", "braze_shop_patient_harbor"]
LISTING = ["fivetran:list_connections", "fivetran:list_groups"]
WRONG = "wrong-secret-0815"
EXPRESSIONS_LOOK_UP = not version("ansible-core").startswith("2.18.")
KEYED = [
    {"key": "onramp_group_name", "prefix": "group"},
    {"key": "currents_storage", "prefix": "storage"},
    {"key": "onramp_setup_state", "prefix": "setup"},
]


def operations(sandbox: Sandbox) -> list[str]:
    return [entry.operation for entry in sandbox.journal()]


def test_every_braze_connection_of_all_groups_is_a_host_with_what_the_playbooks_need(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_several(sandbox)
    before = sandbox.state_hash()
    found = listed(sandbox, tmp_path, source(tmp_path))
    assert found.exit_code == 0, found.errors
    assert sorted(found.hosts) == HOSTS
    assert sorted(found.groups["braze_workspaces"]) == HOSTS
    assert operations(sandbox) == LISTING
    assert sandbox.state_hash() == before
    # What the tests below look at.
    assert read(sandbox, source(tmp_path)) == found
    app = found.hosts["braze_app"]
    assert {name: value for name, value in app.items() if not name.startswith("onramp_")} == {
        "fivetran_group": world.GROUP_ID,
        "fivetran_schema": "braze_app",
        "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "currents_storage": "s3",
        "currents_bucket": world.S3_BUCKET,
        "currents_prefix": "app",
    }
    assert app["onramp_exports_storage"] == "gcs"
    assert (app["onramp_sync_frequency"], app["onramp_daily_sync_time"]) == (1440, "03:00")
    shop = found.hosts["braze_shop_patient_harbor"]
    assert len({frozenset(variables) for variables in found.hosts.values()}) == 1
    assert (shop["onramp_paused"], shop["onramp_group_name"]) == (True, world.SECOND_GROUP_NAME)


# The second one is what Fivetran would send if it did not mask.
@pytest.mark.parametrize("mask", [pytest.param("******", marks=pytest.mark.slow), world.BRAZE_KEY_SHOP_US])
def test_no_secret_comes_out_also_where_fivetran_does_not_mask_it(sandbox: Sandbox, tmp_path: Path, mask: str) -> None:
    sandbox.seed("fivetran", "set_mask", mask=mask)
    make_several(sandbox)
    for arguments in (("--graph", "--vars"), ("--list", "-vvvv")):
        done = ansible(sandbox, tmp_path, "ansible-inventory", "-i", str(source(tmp_path)), *arguments)
        assert done.returncode == 0, done.stderr
        for secret in world.secrets():
            assert secret not in done.stdout + done.stderr


def test_a_thousand_connections_cost_one_request_and_each_further_thousand_one_more(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    fields = {"group_id": world.GROUP_ID, "service": "braze", "config": {"cloud_storage_type": "NONE"}}
    sandbox.seed("fivetran", "add_connections", count=1000, schema="braze_{}", **fields)
    path = source(tmp_path)
    assert len(read(sandbox, path).hosts) == 1000
    assert sorted(operations(sandbox)) == LISTING
    make(sandbox, "one_more")
    sandbox.clear_journal()
    assert len(read(sandbox, path).hosts) == 1001
    assert sorted(operations(sandbox)) == ["fivetran:list_connections", *LISTING]


def test_hosts_are_grouped_by_what_fivetran_tells_and_variables_are_made_of_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_several(sandbox)
    composed = {"where": "currents_storage ~ '://' ~ currents_bucket", "same": "inventory_hostname"}
    path = source(tmp_path, keyed_groups=KEYED, groups={"paused": "onramp_paused"}, compose=composed)
    found = read(sandbox, path)
    assert found.exit_code == 0, found.errors
    assert found.groups["group_Warehouse"] == ["braze_app", "braze_shop_jovial_daylight"]
    assert found.groups["group_Warehouse_EMEA"] == ["braze_none", "braze_shop_patient_harbor"]
    assert found.groups["storage_gcs"] == found.groups["paused"] == ["braze_shop_patient_harbor"]
    assert sorted(found.groups["setup_connected"]) == HOSTS
    assert found.hosts["braze_app"]["where"] == f"s3://{world.S3_BUCKET}"
    assert found.hosts["braze_app"]["same"] == "braze_app"


@pytest.mark.parametrize(
    "wrong",
    [
        {"compose": {"x": "no_such_variable + 1"}},
        {"groups": {"x": "no_such_variable"}},
        {"keyed_groups": [{"key": "no_such"}]},
    ],
    ids=["compose", "groups", "keyed_groups"],
)
def test_strict_makes_an_error_of_what_cannot_be_evaluated_and_without_it_the_hosts_come_all_the_same(
    sandbox: Sandbox, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    make_several(sandbox)
    assert read(sandbox, source(tmp_path, **wrong)).exit_code != 0
    lenient = read(sandbox, source(tmp_path, **wrong, strict=False))
    assert sorted(lenient.hosts) == HOSTS


def test_a_name_that_fivetran_tells_is_never_evaluated_nor_does_it_make_odd_hosts(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    attack = "{{ lookup('ansible.builtin.pipe', 'touch " + str(witness) + "') }}"
    sandbox.seed("fivetran", "add_group", id="odd", name=attack)
    make(sandbox, attack, "odd", config={**GCS, "gcs_folder": attack})
    make(sandbox, "shop[1:3]:22", "odd", config={**S3, "s3folder": "#jinja2: variable_start_string:'[['"})
    composed = {"copy": "onramp_group_name", "more": "'x' ~ currents_prefix"}
    path = source(tmp_path, keyed_groups=KEYED, compose=composed)
    found = read(sandbox, path)
    assert found.exit_code == 0, found.errors
    assert all(name.replace("_", "a").isalnum() for name in [*found.hosts, *found.groups])
    assert len(found.hosts) == 2
    [host] = [name for name in found.hosts if "lookup" in name]
    assert found.hosts[host]["copy"] == found.hosts[host]["onramp_group_name"] == attack
    tasks = [
        {"ansible.builtin.debug": {"msg": "{{ [currents_prefix, onramp_group_name, copy, more, fivetran_schema] }}"}},
        {"ansible.builtin.debug": {"var": "hostvars"}},
    ]
    play = {"hosts": "braze_workspaces", "gather_facts": False, "connection": "local", "tasks": tasks}
    done = run_playbook(sandbox, [play], inventory=path)
    assert done.exit_code == 0, done.output
    assert "touch" in done.output
    assert not witness.exists()


def test_some_groups_are_chosen_by_name_or_id_and_the_names_of_hosts_stay(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    for wanted in (world.SECOND_GROUP_ID, world.SECOND_GROUP_NAME):
        found = read(sandbox, source(tmp_path, fivetran_groups=[wanted]))
        assert sorted(found.hosts) == ["braze_none", "braze_shop_patient_harbor"]
    unknown = read(sandbox, source(tmp_path, fivetran_groups=["Warehose"]))
    assert unknown.exit_code != 0
    # A line is broken wherever it is full.
    said = " ".join(unknown.errors.split())
    assert "There is no Fivetran group 'Warehose'" in said
    assert world.GROUP_NAME in said


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, Any]:
    return {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}


def test_with_a_cache_the_second_run_asks_nothing_and_no_secret_is_kept(
    sandbox: Sandbox, tmp_path: Path, cache: dict[str, Any]
) -> None:
    sandbox.seed("fivetran", "set_mask", mask=world.BRAZE_KEY_SHOP_US)
    make_several(sandbox)
    path = source(tmp_path, **cache)
    first = read(sandbox, path)
    sandbox.clear_journal()
    second = listed(sandbox, tmp_path, path)
    assert operations(sandbox) == []
    assert second == first
    [kept] = (tmp_path / "cache").iterdir()
    for secret in world.secrets():
        assert secret not in kept.read_text() + kept.name
    # What is chosen of it may change without asking again; another account is asked.
    narrowed = read(sandbox, source(tmp_path, **cache, fivetran_groups=[world.GROUP_ID]))
    assert sorted(narrowed.hosts) == ["braze_app", "braze_shop_jovial_daylight"]
    assert operations(sandbox) == []
    key, secret = world.FIVETRAN_STRANGER
    other = read(sandbox, path, FIVETRAN_APIKEY=key, FIVETRAN_APISECRET=secret)
    assert other.hosts == {}
    assert operations(sandbox) == LISTING


def test_what_is_no_listing_in_the_cache_is_asked_for_again(
    sandbox: Sandbox, tmp_path: Path, cache: dict[str, Any]
) -> None:
    make_several(sandbox)
    path = source(tmp_path, **cache)
    read(sandbox, path)
    [kept] = (tmp_path / "cache").iterdir()
    for damage in ({"connections": [{"id": "x"}], "groups": {}, "total": 1}, [1]):
        kept.write_text(json.dumps(damage))
        assert sorted(read(sandbox, path).hosts) == HOSTS


@pytest.mark.slow
def test_a_cache_is_asked_for_again_where_the_play_refreshes_its_inventory(
    sandbox: Sandbox, tmp_path: Path, cache: dict[str, Any]
) -> None:
    make_several(sandbox)
    path = source(tmp_path, **cache)
    read(sandbox, path)
    make(sandbox, "braze_new")
    tasks = [
        {"ansible.builtin.meta": "refresh_inventory"},
        {"ansible.builtin.debug": {"msg": "{{ groups.braze_workspaces }}"}, "run_once": True},
    ]
    plays = [{"hosts": "braze_workspaces", "gather_facts": False, "tasks": tasks}]
    assert "braze_new" in run_playbook(sandbox, plays, inventory=path).output


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"FIVETRAN_APIKEY": ""}, ["FIVETRAN_APIKEY: is empty"]),
        ({"FIVETRAN_APISECRET": WRONG}, ["HTTP 401", "Check fivetran_api_key and fivetran_api_secret"]),
        ({"FIVETRAN_API_URL": "http://api.fivetran.com"}, ["FIVETRAN_API_URL", "plain HTTP"]),
        ({"FIVETRAN_API_URL": "http://127.0.0.1:1"}, ["cannot be reached"]),
    ],
    ids=["empty key", "wrong secret", "plain http", "nobody there"],
)
def test_what_keeps_the_listing_from_being_made_is_told_with_what_to_do(
    sandbox: Sandbox, tmp_path: Path, environment: dict[str, str], words: list[str]
) -> None:
    path = source(tmp_path, retry_timeout=1)
    # A secret comes out most easily where a whole process says why it ends.
    whole = WRONG in environment.values()
    found = listed(sandbox, tmp_path, path, **environment) if whole else read(sandbox, path, **environment)
    assert found.exit_code != 0
    text = " ".join(found.errors.split())
    assert [word for word in words if word not in text] == [], text
    assert WRONG not in text


def test_credentials_may_stand_in_the_source_as_a_template(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    path = source(
        tmp_path,
        fivetran_api_key="{{ lookup('ansible.builtin.env', 'MY_KEY') }}",
        fivetran_api_secret="{{ lookup('ansible.builtin.env', 'MY_SECRET') }}",
    )
    mine = {"MY_KEY": world.FIVETRAN_KEY, "MY_SECRET": world.FIVETRAN_SECRET}
    found = read(sandbox, path, FIVETRAN_APIKEY="another", FIVETRAN_APISECRET="another", **mine)
    assert sorted(found.hosts) == HOSTS, found.errors


def test_a_key_that_may_not_list_groups_lists_connections_by_the_ids_of_their_groups(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_several(sandbox)
    sandbox.fault("status", server="fivetran", operation="list_groups", status=403, times=0)
    found = read(sandbox, source(tmp_path, fivetran_groups=[world.GROUP_ID]))
    assert sorted(found.hosts) == ["braze_app", "braze_shop_jovial_daylight"]
    assert found.hosts["braze_app"]["onramp_group_name"] == world.GROUP_ID


def test_a_source_of_another_name_or_another_plugin_is_not_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    assert read(sandbox, source(tmp_path, "acme.fivetran.yaml")).exit_code == 0
    assert read(sandbox, source(tmp_path, "inventory.yml")).exit_code != 0


WRITTEN = """
braze_workspaces:
  hosts:
    shop:
    app:
      fivetran_schema: "braze_{{ inventory_hostname }}"
      fivetran_group: {group}
    closed:
      fivetran_schema: "{{ no_such_variable }}"
"""


def test_a_connection_that_another_source_claims_gets_no_second_host(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    folder = tmp_path / "written"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    written = folder / "workspaces.yml"
    written.write_text(WRITTEN.replace("{group}", world.GROUP_NAME))
    (folder / "group_vars" / "braze_workspaces.yml").write_text(f"fivetran_group: {world.SECOND_GROUP_NAME}\n")
    (folder / "host_vars" / "shop.yml").write_text("fivetran_schema: braze_shop\n")
    found = listed(sandbox, tmp_path, written, source(tmp_path))
    assert sorted(found.groups["braze_workspaces"]) == [
        "app",
        "braze_none",
        "braze_shop_jovial_daylight",
        "closed",
        "shop",
    ]
    assert "Which connection the host closed claims is not known" in " ".join(found.errors.split())
    everything = read(sandbox, written, source(tmp_path, only_unclaimed=False))
    assert set(HOSTS) < set(everything.groups["braze_workspaces"])


NAMES = """\
braze_workspaces:
  hosts:
    braze_app:
      fivetran_schema: braze_shop
      fivetran_group: {group}
    braze_none:
      braze_api_key: "{{{{ vault_none }}}}"
braze_shop_patient_harbor:
  hosts:
    braze_app:
"""


def test_a_connection_takes_nobodys_name(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    written = tmp_path / "workspaces.yml"
    written.write_text(NAMES.format(group=world.GROUP_NAME))
    found = read(sandbox, written, source(tmp_path))
    # The host whose name is a schema claims another connection, and keeps what it says.
    assert found.hosts["braze_app"]["fivetran_schema"] == "braze_shop"
    assert "currents_bucket" not in found.hosts["braze_app"]
    assert found.hosts[f"braze_app_{world.GROUP_ID}"]["fivetran_schema"] == "braze_app"
    # Nor does a host take the name of a group.
    assert "braze_shop_patient_harbor" not in found.hosts
    schemas = [host["fivetran_schema"] for host in found.hosts.values()]
    assert sorted(schemas) == ["braze_app", "braze_none", "braze_shop", "braze_shop"]
    # One that claims nothing may say more of the connection that has its name.
    assert found.hosts["braze_none"]["fivetran_schema"] == "braze_none"
    assert "braze_api_key" in found.hosts["braze_none"]


@pytest.mark.slow
def test_verify_looks_at_what_nobody_has_written_into_an_inventory(sandbox: Sandbox, tmp_path: Path) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    sandbox.clear_journal()
    (tmp_path / "group_vars").mkdir()
    keys = {"braze_shop_us": world.BRAZE_KEY_SHOP_US, "braze_shop_eu": world.BRAZE_KEY_SHOP_EU}
    (tmp_path / "group_vars" / "braze_workspaces.yml").write_text(
        yaml.safe_dump({"keys": keys, "braze_api_key": "{{ keys[inventory_hostname] }}"})
    )
    result = play(sandbox, "verify", inventory=source(tmp_path))
    assert result.exit_code == 0, result.output
    assert sorted(result.stats) == sorted(keys)
    assert sandbox.writes() == []
    make(sandbox, "braze_forgotten", config={"cloud_storage_type": "NONE"})
    result = play(sandbox, "verify", inventory=source(tmp_path))
    [(step, message)] = findings(result, "braze_forgotten")
    assert step == "settings"
    assert "braze_api_key" in message


def test_its_documentation_is_shown_and_its_example_works(sandbox: Sandbox, tmp_path: Path) -> None:
    shown = ansible(sandbox, tmp_path, "ansible-doc", "-t", "inventory", PLUGIN)
    assert shown.returncode == 0, shown.stderr
    assert "FIVETRAN_APIKEY" in shown.stdout
    make_several(sandbox)
    path = tmp_path / "fivetran.yml"
    example = yaml.safe_load(examples(CHECKOUT / "plugins" / "inventory" / "fivetran.py"))
    if not EXPRESSIONS_LOOK_UP:
        del example["compose"]
    path.write_text(yaml.safe_dump(example))
    found = read(sandbox, path, BRAZE_KEY_BRAZE_APP=world.BRAZE_KEY_SHOP_US)
    assert found.exit_code == 0, found.errors
    assert found.groups["warehouse_Warehouse_EMEA"] == ["braze_none", "braze_shop_patient_harbor"]
    assert found.hosts["braze_app"].get("braze_api_key") == (world.BRAZE_KEY_SHOP_US if EXPRESSIONS_LOOK_UP else None)
