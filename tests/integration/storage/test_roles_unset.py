# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A variable of a role that is Ansible's omit is as good as unset; one that is null is that, or refused by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.release import __version__
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import ROLES, role_options

from tests.integration.given import let_fivetran_read
from tests.integration.storage.reading import ROLE_ARN
from tests.playbook import LOCAL, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# Of which some are also given by others of the same call.
FACTS = {
    "braze_api_key": "braze_api_key_verdict",
    "currents_landing": "currents_landing_verdict",
    "s3_access": "[s3_access_fivetran_role_arn, s3_access_difference]",
    "gcs_access": "gcs_access_result",
    "fivetran_connection": "fivetran_connection_details",
}
UNSET: dict[str, Any] = {"omit": "{{ nothing | default(omit) }}", "null": None}
SHOW = "ansible.builtin.debug"


def right(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return by role the variables with which it works; each may be left out where another says the same."""
    url, key = sandbox.env["SANDBOX_BRAZE_URL"], sandbox.env["SANDBOX_BRAZE_KEY_SHOP_US"]
    return {
        "braze_api_key": {"key": key, "api_url": url},
        "currents_landing": {"storage": "s3", "bucket": world.S3_BUCKET, "prefix": world.PREFIX},
        "s3_access": {"external_id": world.GROUP_ID, "bucket": world.S3_BUCKET},
        "gcs_access": {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT},
        "fivetran_connection": {
            "group_id": world.GROUP_ID,
            "schema": "braze_shop",
            "api_url": url,
            "api_key": key,
            "storage": "s3",
            "bucket": world.S3_BUCKET,
            "prefix": world.PREFIX,
            "role_arn": ROLE_ARN,
        },
    }


# With which each fails, and what is unset decides over that, too.
WRONG: dict[str, list[dict[str, Any]]] = {
    "braze_api_key": [{"key": "11111111-2222-4333-8444-555555555555"}],
    "currents_landing": [{"prefix": "elsewhere"}],
    "s3_access": [{"bucket": "acme-nothing-there", "role_name": "Fresh", "policy_name": "Fresh-Access"}],
    "gcs_access": [{"bucket": "acme-nothing-there"}, {"manage": False, "member": "g@another.iam.gserviceaccount.com"}],
    # There is one of this name, with another storage.
    "fivetran_connection": [{"schema": "braze_other"}],
}


def played(sandbox: Sandbox, role: str, hosts: dict[str, dict[str, Any]]) -> PlayResult:
    tasks = [
        {"ansible.builtin.include_role": {"name": f"onramp.braze_fivetran.{role}"}},
        {SHOW: {"msg": f"{{{{ {FACTS[role]} }}}}"}},
    ]
    play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    return run_playbook(sandbox, [play], "--check", inventory={"all": {"vars": LOCAL, "hosts": hosts}})


def outcome(play: PlayResult, host: str) -> Any:
    """Return what has failed, or what came out."""
    if play.failures(host):
        return re.sub("Request id: .*", "", play.messages(host).removeprefix(f"{host}: "))
    [shown] = play.results(SHOW, host)
    return shown["msg"]


@pytest.mark.slow
@pytest.mark.parametrize("unset", UNSET)
@pytest.mark.parametrize("role", ROLES)
def test_what_is_no_value_is_as_good_as_unset(sandbox: Sandbox, role: str, unset: str) -> None:
    let_fivetran_read(sandbox)
    other = {"group_id": world.GROUP_ID, "service": "braze", "schema": "braze_other"}
    sandbox.seed("fivetran", "add_connection", **other, config={"cloud_storage_type": "GCS", "gcs_bucket": "acme"})
    given, hosts, alike = right(sandbox)[role], {}, []
    for number, changes in enumerate([{}, *WRONG[role]]):
        variables = {f"{role}_{name}": value for name, value in {**given, **changes}.items()}
        hosts[f"control{number}"] = variables
        # At once, because none of them makes a difference. Whether it fails is decided by those that have a default.
        for kind, names in kinds(role, variables).items():
            hosts[f"{kind}{number}"] = {**variables, **dict.fromkeys(names, UNSET[unset])}
            alike.append((names, f"{kind}{number}", f"control{number}"))
    for name in (name for name in hosts["control0"] if name in role_options(role)):
        without = {key: value for key, value in hosts["control0"].items() if key != name}
        hosts |= {f"{name}_not": without, f"{name}_unset": {**without, name: UNSET[unset]}}
        alike.append(([name], f"{name}_unset", f"{name}_not"))
    play = played(sandbox, role, hosts)
    controls = [bool(play.failures(f"control{number}")) for number in range(len(WRONG[role]) + 1)]
    assert controls == [False, *[True for _changes in WRONG[role]]]
    differing = {}
    for names, host, other_host in alike:
        found, expected = outcome(play, host), outcome(play, other_host)
        if found != expected and not is_refused(unset, names, str(found)):
            differing[host] = found
    assert differing == {}


def kinds(role: str, given: dict[str, Any]) -> dict[str, list[str]]:
    """Return the other variables of a role, by what may be said of one that is null, or before 2.19 omitted."""
    others = {name: option for name, option in role_options(role).items() if name not in given}
    limited = {name for name, option in others.items() if option.default is not None or option.choices}
    texts = {name for name, option in others.items() if option.type in ("str", "path") and not option.choices}
    return {
        "free_text": sorted(texts - limited),
        "free": sorted(set(others) - texts - limited),
        "limited_text": sorted(limited & texts),
        "limited": sorted(limited - texts),
    }


def is_refused(unset: str, names: list[str], found: str) -> bool:
    """Tell whether what is no value is refused by name, all of them; or by Ansible itself, before 2.19."""
    if unset == "omit":
        return __version__.startswith("2.18.") and found.startswith("Validation of arguments failed")
    return all(f"{name}: is null." in found for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("unset", UNSET)
def test_of_a_bucket_and_several_either_may_be_unset(sandbox: Sandbox, unset: str) -> None:
    let_fivetran_read(sandbox)
    one, several = {"s3_access_bucket": world.S3_BUCKET}, {"s3_access_buckets": [world.S3_BUCKET]}
    given = {"s3_access_external_id": world.GROUP_ID}
    hosts = {
        "one": {**given, **one, "s3_access_buckets": UNSET[unset]},
        "several": {**given, **several, "s3_access_bucket": UNSET[unset]},
        "names": {**given, **one, "s3_access_role_name": UNSET["omit"], "s3_access_policy_name": UNSET["omit"]},
    }
    play = played(sandbox, "s3_access", hosts)
    assert {host: outcome(play, host) for host in hosts} == {host: [ROLE_ARN, {}] for host in hosts}
