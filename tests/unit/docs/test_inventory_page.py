# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of all settings has every variable that an inventory may hold, with an example that is accepted."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import OVERRULED, all_options
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings, Unusable

from tests.inventory_page import EXAMPLES, KEY_EXAMPLE, PAGE, page
from tests.unit.workspaces.situations import BRAZE_KEY, EXPORTS_SECRET, entry

SECRETS = {
    "fivetran_connection_exports_connection_string": EXPORTS_SECRET,
    "currents_connection_string": EXPORTS_SECRET,
}
# What is only accepted together with others.
BESIDE: dict[str, dict[str, Any]] = {
    "currents_connection_string": {"currents_storage": "azure"},
    "fivetran_connection_daily_sync_time": {"fivetran_connection_sync_frequency": 1440},
}


def example(name: str) -> Any:
    value = EXAMPLES[name]
    return SECRETS.get(name, BRAZE_KEY) if value == KEY_EXAMPLE else value


def beside(name: str) -> dict[str, Any]:
    """Return the examples that a variable needs beside its own."""
    for role in ("s3_access", "currents_landing"):
        whole = {
            "aws_access_key": ("aws_secret_key",),
            "aws_secret_key": ("aws_access_key",),
            "aws_session_token": ("aws_access_key", "aws_secret_key"),
            "aws_assume_role_external_id": ("aws_assume_role_arn",),
            "aws_assume_role_session_name": ("aws_assume_role_arn",),
        }.get(name.removeprefix(f"{role}_"), ())
        if whole and name.startswith(role):
            return {other: example(other) for other in (f"{role}_{short}" for short in whole)}
    if name.startswith("fivetran_connection_exports_"):
        azure = name.endswith(("container", "connection_string"))
        needed = ("container", "connection_string") if azure else ("bucket", "role_arn")
        others = {
            f"fivetran_connection_exports_{short}": example(f"fivetran_connection_exports_{short}") for short in needed
        }
        return {**others, "fivetran_connection_exports_storage": "azure" if azure else "s3"}
    return BESIDE.get(name, {})


def test_the_page_is_what_the_argument_specs_say() -> None:
    assert PAGE.read_text() == page(), "python -m tests.inventory_page"


def test_each_variable_has_an_example_or_is_told_to_have_no_effect() -> None:
    assert {*EXAMPLES, *OVERRULED} == set(all_options())
    assert not {*EXAMPLES} & {*OVERRULED}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_variable_is_accepted(name: str) -> None:
    read = entry(**{**beside(name), name: example(name)})
    assert isinstance(read, Settings), read.problems if isinstance(read, Unusable) else read


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_written_as_yaml_reads_it(name: str) -> None:
    [row] = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}` |")]
    shown = row.rpartition(" | `")[2].removesuffix("` |")
    assert yaml.safe_load(shown) == EXAMPLES[name]
