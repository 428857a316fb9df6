# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of an inventory says what was found, and nothing that somebody has named becomes anything else in it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.access import AccessVariables, Candidate
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.connections import (
    braze_connections,
    host_names,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.inventory_text import (
    InventoryHost,
    host_line,
    inventory_text,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.variables import Placeholder
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.discovery.rows import AZURE, GROUPS, S3, connection, row

ARN = "arn:aws:iam::111122223333:role/Fivetran"


class Loader(yaml.SafeLoader):
    """Reads what Ansible reads; what is unsafe comes out marked."""


class Unsafe(str):
    """A text that is no template."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))


def hosts(text: str) -> dict[str, Any]:
    inventory = yaml.load(text, Loader)
    assert list(inventory) == ["braze_workspaces"]
    found: dict[str, Any] = inventory["braze_workspaces"]["hosts"]
    return found


def test_an_inventory_holds_one_host_a_connection_below_its_group() -> None:
    rows = [row("shop"), row("app", "patient_harbor", config=AZURE), row("lake", service="s3")]
    found = braze_connections(rows, GROUPS)
    names = host_names(found)
    text = inventory_text([InventoryHost(names[item.id], item) for item in found])
    assert hosts(text) == {
        "shop": {
            "fivetran_group": "jovial_daylight",
            "fivetran_schema": "shop",
            "braze_api_url": "https://rest.iad-01.braze.com",
            "currents_storage": "s3",
            "currents_bucket": "acme-currents-us",
            "currents_prefix": "currents",
            "braze_api_key": "{{ vault_braze_api_key_shop }}",
        },
        "app": {
            "fivetran_group": "patient_harbor",
            "fivetran_schema": "app",
            "braze_api_url": "https://rest.iad-01.braze.com",
            "currents_storage": "azure",
            "currents_bucket": "currents",
            "currents_prefix": "shop",
            "braze_api_key": "{{ vault_braze_api_key_app }}",
            "currents_connection_string": "{{ vault_currents_connection_string_app }}",
        },
    }
    assert (
        text.index("# The Fivetran group Warehouse (")
        < text.index("shop:")
        < text.index("# The Fivetran group Ware", 700)
    )


def test_what_was_found_of_the_access_is_set_and_what_was_not_stands_as_a_comment() -> None:
    access = AccessVariables({"s3_access_role_arn": ARN}, ("A remark.",), missing="Something is missing.")
    text = inventory_text([InventoryHost("shop", connection(), access)], ["AWS was down."])
    assert hosts(text)["shop"]["s3_access_role_arn"] == ARN
    for comment in ("# AWS was down.", "      # A remark.", "      # Something is missing."):
        assert f"\n{comment}\n" in text


def test_a_folder_that_another_connection_reads_as_well_is_allowed_and_that_is_said() -> None:
    text = inventory_text([InventoryHost("shop", connection(), shares_folder=True)])
    assert hosts(text)["shop"]["currents_folder_shared"] is True
    assert "Another connection reads the same folder." in text


def test_what_was_never_started_stays_paused_and_the_text_says_why() -> None:
    text = inventory_text([InventoryHost("shop", connection(paused=True))])
    assert hosts(text)["shop"]["fivetran_connection_paused"] is True
    assert "Without fivetran_connection_paused, onboarding would start it" in text


def test_a_candidate_becomes_a_setting_by_removing_its_comment_sign() -> None:
    settings = {"s3_access_aws_profile": "acme", "s3_access_role_arn": ARN}
    access = AccessVariables(candidates=(Candidate(settings, "nobody knows"),), missing="Two roles.")
    text = inventory_text([InventoryHost("shop", connection(), access)])
    assert "s3_access_role_arn" not in hosts(text)["shop"]
    assert "nobody knows" in text
    chosen = text.replace("      # s3_access", "      s3_access")
    assert {name: hosts(chosen)["shop"][name] for name in settings} == settings


def test_what_looks_like_a_key_is_withheld_and_that_is_said() -> None:
    text = inventory_text([InventoryHost("shop", connection(config={**S3, "s3folder": "AccountKey=c2VjcmV0"}))])
    assert "c2VjcmV0" not in text
    assert hosts(text)["shop"]["currents_prefix"] == Placeholder("vault_currents_prefix_shop").template
    assert "currents_prefix looks like a key" in text


def test_texts_that_yaml_takes_for_something_else_stay_texts() -> None:
    for odd in ("yes", "null", "0123", "1e3", "2026-01-01", "~", "12:30:00", "*a", "&a", "@a", "- a", "a: b", "a #b"):
        found = hosts(inventory_text([InventoryHost("shop", connection(config={**S3, "s3folder": odd}))]))
        assert found["shop"]["currents_prefix"] == odd
    for name in ("yes", "12", "null"):
        assert list(hosts(inventory_text([InventoryHost(name, connection())]))) == [name]


@pytest.mark.parametrize("odd", ["<<", "=", "<", "<<<", "==", "!", "*", "&", "%", "?", "|", "{{ x }}"])
def test_ansible_reads_every_text_as_the_text_that_it_is(odd: str) -> None:
    text = inventory_text([InventoryHost("shop", connection(config={**S3, "s3folder": odd}))])
    read = DataLoader().load(text)["braze_workspaces"]["hosts"]["shop"]
    assert read["currents_prefix"] == odd
    [line] = DataLoader().load(host_line(InventoryHost("shop", connection(config={**S3, "s3folder": odd})))).values()
    assert line["currents_prefix"] == odd


@given(
    st.text() | st.sampled_from(["{{ lookup('pipe', 'id') }}", "{% set x %}", "a\n    evil:\n      x: 1", "# x", "---"])
)
def test_no_text_of_fivetran_changes_the_inventory_or_is_a_template(text: str) -> None:
    fields = {"s3bucket": text, "s3folder": text}
    [found] = braze_connections(
        [row(text, config={**S3, **fields}, daily_sync_time=text, sync_frequency=1440, status={"setup_state": text})],
        [{"id": "jovial_daylight", "name": text}],
    )
    access = AccessVariables(
        {"s3_access_role_arn": text or "x"}, (text,), (Candidate({"s3_access_role_arn": text}, text),), text
    )
    [name] = host_names([found]).values()
    [(host, settings)] = hosts(inventory_text([InventoryHost(name, found, access)], [text])).items()
    assert host == name
    for value in settings.values():
        is_ours = value.startswith("{{ vault_") and value.endswith(f"_{name} }}}}")
        assert isinstance(value, Unsafe) or is_ours or "{" not in value
