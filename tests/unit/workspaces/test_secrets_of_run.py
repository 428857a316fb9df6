# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which secrets a task knows, when it reads them, and who knows them then."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import (
    Discretion,
    KnownSecrets,
    SecretsMemory,
    has_words,
    known_secrets,
    remember,
    secrets_of_run,
)

from tests.growth import calls

KEY, OLD = "8f1c2d3e-4b5a-4968-8776-655443322110", "19e7c0a4-52d8-4f3b-9b61-0c7d2e4f8a93"
NOWHERE = {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "GOOGLE_APPLICATION_CREDENTIALS": ""}


@pytest.fixture(autouse=True)
def _nothing_around() -> Iterator[None]:
    with patch.dict("os.environ", NOWHERE):
        yield


class Inventory:
    """Hosts whose key is looked up, each time with a line in ``reads``."""

    def __init__(self, directory: Path, **hosts: dict[str, Any]) -> None:
        self.reads = directory / "reads"
        looked_up = f"{{{{ lookup('ansible.builtin.pipe', 'echo $HOST >> {self.reads}; echo {KEY}') }}}}"
        given = {name: {"braze_api_key": looked_up.replace("$HOST", name), **more} for name, more in hosts.items()}
        path = directory / "inventory.yml"
        path.write_text(yaml.safe_dump({"braze_workspaces": {"hosts": given}}))
        loader = DataLoader()
        manager = InventoryManager(loader=loader, sources=[str(path)])
        variable_manager = VariableManager(loader=loader, inventory=manager)
        self._hostvars = HostVars(manager, variable_manager, loader)
        self._variables = lambda name: variable_manager.get_vars(host=manager.get_host(name))

    def variables(self, name: str) -> dict[str, Any]:
        """Return the variables of a task of a host, without its own key."""
        own = {name: value for name, value in self._variables(name).items() if name != "braze_api_key"}
        return {**own, "hostvars": self._hostvars}

    def read(self) -> list[str]:
        """Return whose key was looked up, in order."""
        return sorted(self.reads.read_text().split()) if self.reads.exists() else []


def test_every_workspace_of_the_inventory_is_read_and_only_once_a_run(tmp_path: Path) -> None:
    inventory, memory = Inventory(tmp_path, shop_us={}, shop_eu={"vault_braze_api_key_old": OLD}), SecretsMemory()
    assert {KEY, OLD} <= set(secrets_of_run(inventory.variables("shop_us"), None, memory))
    assert inventory.read() == ["shop_eu", "shop_us"]
    assert {KEY, OLD} <= set(secrets_of_run(inventory.variables("shop_eu"), None, memory))
    assert inventory.read() == ["shop_eu", "shop_us"]


def test_what_one_process_has_read_all_others_of_the_run_know(tmp_path: Path) -> None:
    inventory, memory = Inventory(tmp_path, shop_us={}), SecretsMemory()
    child = os.fork()
    if not child:
        # Without the rest of pytest in it.
        secrets_of_run(inventory.variables("shop_us"), None, memory)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert KEY in known_secrets(memory)
    assert KEY in secrets_of_run(inventory.variables("shop_us"), None, memory)
    assert inventory.read() == ["shop_us"]


def test_workers_that_need_them_at_the_same_time_do_not_read_them_each(tmp_path: Path) -> None:
    inventory, memory = Inventory(tmp_path, shop_us={}, shop_eu={}), SecretsMemory()
    children = []
    for _number in range(5):
        children.append(os.fork())
        if not children[-1]:
            secrets_of_run(inventory.variables("shop_us"), None, memory)
            os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
    assert inventory.read() == ["shop_eu", "shop_us"]


def test_a_worker_that_is_killed_while_it_reads_keeps_the_others_waiting_once(tmp_path: Path) -> None:
    inventory, memory = Inventory(tmp_path, shop_us={}), SecretsMemory(patience=0.3)
    child = os.fork()
    if not child:
        with memory.alone():
            os._exit(0)
    os.waitpid(child, 0)
    assert KEY in secrets_of_run(inventory.variables("shop_us"), None, memory)
    # Nobody after the first has to wait for the one that was killed.
    assert memory._lock.acquire(timeout=0)
    memory._lock.release()
    remember(["others"], [OLD], memory)
    assert {KEY, OLD} <= set(known_secrets(memory))


def test_what_cannot_be_evaluated_costs_nobody_anything(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path, shop_us={"fivetran_api_key": "{{ nobody_has_set_this }}"})
    assert KEY in secrets_of_run(inventory.variables("shop_us"), None, SecretsMemory())


def test_templates_under_other_names_are_not_evaluated(tmp_path: Path) -> None:
    asks = f"{{{{ lookup('ansible.builtin.pipe', 'touch {tmp_path}/asked') }}}}"
    inventory = Inventory(tmp_path, shop_us={"database_password": asks, "router_password": "r0uter-4711-xyz"})
    assert "r0uter-4711-xyz" in secrets_of_run(inventory.variables("shop_us"), None, SecretsMemory())
    assert not (tmp_path / "asked").exists()


def test_words_under_the_name_of_a_secret_stay_words(tmp_path: Path) -> None:
    words = {"s3_key": "currents/folder", "token": "braze", "key": "acme-currents-2026"}
    inventory = Inventory(tmp_path, shop_us=words)
    found = secrets_of_run(inventory.variables("shop_us"), None, SecretsMemory())
    assert set(found).isdisjoint(words.values())


def test_the_secrets_of_environment_and_files_are_known(tmp_path: Path) -> None:
    aws, google = tmp_path / "credentials", tmp_path / "google.json"
    aws.write_text(
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key = of-a-profile\n[x]\naws_session_token=t0ken\n"
    )
    google.write_text(json.dumps({"type": "service_account", "private_key": "of-google", "client_email": "a@b"}))
    environment = {
        "FIVETRAN_APISECRET": "of-fivetran\n",
        "AWS_SESSION_TOKEN": "of-a-session",
        "AWS_SHARED_CREDENTIALS_FILE": str(aws),
        "GOOGLE_APPLICATION_CREDENTIALS": str(google),
    }
    with patch.dict("os.environ", environment):
        found = set(known_secrets(SecretsMemory()))
    assert {"of-fivetran", "of-a-session", "of-a-profile", "t0ken", "of-google"} <= found
    assert found.isdisjoint({"AKIA", "a@b", "service_account"})


@pytest.mark.parametrize("content", ["", "no: [json", "[broken\n=", "\0", "[]", '{"private_key": {"deep": [1]}}'])
def test_a_file_that_is_no_file_of_credentials_holds_no_secret(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    both = {"AWS_SHARED_CREDENTIALS_FILE": str(path), "GOOGLE_APPLICATION_CREDENTIALS": str(path)}
    with patch.dict("os.environ", {**both, "FIVETRAN_APISECRET": "of-fivetran"}):
        assert "of-fivetran" in known_secrets(SecretsMemory())


def test_what_there_is_no_room_for_is_read_again(tmp_path: Path) -> None:
    inventory, memory = Inventory(tmp_path, shop_us={}), SecretsMemory(room=4096)
    remember(["others"], [f"{number:0100}" for number in range(100)], memory)
    assert memory.read() == KnownSecrets()
    remember(["one"], ["short"], memory)
    assert memory.read() == KnownSecrets(frozenset({"one"}), frozenset({"short"}))
    assert KEY in secrets_of_run(inventory.variables("shop_us"), None, memory)


def test_half_of_what_somebody_writes_counts_as_nothing() -> None:
    memory = SecretsMemory()
    remember(["shop_us"], [KEY, OLD], memory)
    memory._memory[20:24] = b"half"
    assert memory.read() == KnownSecrets()


def test_a_task_reads_nothing_as_long_as_no_vendor_has_the_word() -> None:
    asked: list[str] = []

    def others() -> tuple[str, ...]:
        asked.append("asked")
        return (KEY,)

    discretion = Discretion(["own-secret-4711"], others)
    healthy = {"changed": False, "connections": [{"service": "braze", "config": {"s3bucket": "own-secret-4711"}}]}
    assert discretion.result(healthy)["connections"][0]["config"] == {"s3bucket": "********"}
    assert asked == []
    assert discretion.result({"failed": True, "msg": f"No: {KEY}"})["msg"] == "No: ********"
    assert discretion.text(f"own-secret-4711 {KEY}") == "******** ********"
    assert asked == ["asked"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"changed": False, "connection": {"config": {}, "status": {"tasks": [], "warnings": []}}}, False),
        ({"connections": [{"service": "braze", "config": {"s3bucket": "acme"}, "last_sync": {"reasons": []}}]}, False),
        ({"setup_tests": [{"title": "Key", "status": "PASSED", "message": "", "details": None}]}, False),
        ({"effect": {"answer": "yes", "reasons": [{"text": "the policy allows it"}]}}, False),
        ({"diff": {"before": {}, "after": {}, "before_header": "a", "after_header": "a"}}, False),
        ({"permissions": [{"name": "a", "message": None}], "missing": []}, False),
        ({"msg": "Refused."}, True),
        ({"warnings": ["a: b"]}, True),
        ({"connections": [{"status": {"tasks": [{"code": "reconnect"}]}}]}, True),
        ({"connections": [{"last_sync": {"reasons": ["No."]}}]}, True),
        ({"connections": [{"service": "google_sheets", "config": {"sheet_id": "x"}}]}, True),
        ({"setup_tests": [{"title": "Key", "status": "FAILED", "message": "No.", "details": None}]}, True),
        ({"setup_tests": [{"title": "Key", "status": "PASSED", "message": "", "details": {"a": "b"}}]}, True),
        ({"diff": {"before": {"schema": "x"}, "after": {}}}, True),
        ({"exception": "Traceback"}, True),
        ({"permissions": [{"name": "a", "message": "No."}]}, True),
    ],
)
def test_words_of_a_vendor_are_told_from_what_a_healthy_task_returns(result: dict[str, Any], expected: bool) -> None:
    assert has_words(result) is expected


def test_the_secrets_of_a_thousand_workspaces_are_at_hand_once_they_were_read() -> None:
    def known_to(count: int) -> SecretsMemory:
        memory = SecretsMemory()
        secrets = [f"{KEY}-{number}" for number in range(3 * count)]
        remember([f"shop_{number}" for number in range(count)], secrets, memory)
        return memory

    assert len(known_secrets(known_to(1000))) >= 3000
    few, many = (calls(partial(known_secrets, known_to(count))) for count in (10, 1000))
    # A hundred times as many cost nothing; a few calls are Python's own.
    assert many < 2 * few
