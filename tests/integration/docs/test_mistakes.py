# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person who makes a mistake in the first hour is told in a few lines which variable it is, and what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import (
    ROLES,
    all_options,
    options_alone,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reading import ENVIRONMENT, read_settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings

from tests.hardening.planning import Host
from tests.mistakes import (
    ALONE,
    BRAZE_KEY,
    FIVETRAN_KEY,
    FIVETRAN_SECRET,
    INVENTORIES,
    MOST_LINES,
    SETTINGS,
    Broken,
    Newcomer,
    Wrong,
    fresh,
    height,
    hosts,
    said_by_us,
    told_to,
    wrong_inventory,
)

# What has the shape of a variable's name; the first of them are those that a user may write.
NAME = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
VARIABLES = {*all_options(), *ENVIRONMENT.values(), *(name for role in ROLES for name in options_alone(role))}
# Of Ansible, and choices.
ALSO = {"vault_password_file", "on_create", "on_test_failure", "braze_workspaces", "fivetran_group_info"}


def known(wrong: Wrong) -> set[str]:
    written = {name for text in wrong.changes.values() for name in NAME.findall(text or "")}
    guesses = {"braze_shop", "braze_1shop", "braze_fivetran"}
    return VARIABLES | ALSO | set(wrong.changes) | written | guesses


def problems(mistakes: Sequence[Wrong], printed: str) -> Iterator[str]:
    """Yield what is wrong with what is told of each mistake."""
    for host, wrong in hosts(mistakes):
        lines = told_to(host, printed)
        told = "\n".join(lines)
        if not any(line.startswith(f"{name}: ") for line in lines for name in alternatives(wrong.variable)):
            yield f"{wrong.what}: {wrong.variable} is not named: {told!r}"
        if wrong.step not in told:
            yield f"{wrong.what}: no next step {wrong.step!r}: {told!r}"
        if height(lines) > MOST_LINES:
            yield f"{wrong.what}: {height(lines)} lines: {told!r}"
        foreign = set(NAME.findall(told)) - known(wrong)
        if foreign:
            yield f"{wrong.what}: {sorted(foreign)} is nothing that the user has written: {told!r}"


def alternatives(variable: str) -> set[str]:
    """Return a variable and what stands for it in the environment."""
    return {variable, *(name for name, other in ENVIRONMENT.items() if other == variable)}


def secrets_in(printed: str) -> list[str]:
    return [secret for secret in (BRAZE_KEY, FIVETRAN_KEY, FIVETRAN_SECRET) if secret in printed]


def test_each_wrong_setting_is_told_in_a_few_lines_with_the_variable_and_a_next_step(tmp_path: Path) -> None:
    code, printed = fresh(tmp_path).settings()
    assert code != 0
    assert list(problems(SETTINGS, printed)) == []
    assert secrets_in(printed) == []
    assert len(SETTINGS) >= 42


def test_each_wrong_variable_of_a_role_alone_is_told_in_a_few_lines_without_its_spec(tmp_path: Path) -> None:
    code, printed = fresh(tmp_path).alone()
    assert code != 0
    assert list(problems(ALONE, printed)) == []
    assert secrets_in(printed) == []
    assert {wrong.role for wrong in ALONE} == set(ROLES)
    for word in ("argument_spec_data", "validate_args_context", "Validation of arguments failed"):
        assert word not in printed


# One of each kind is made each time: what this collection says itself, and what Ansible says because init wants it.
FAST = ("a word that is misspelt", "another password of the vault")


@pytest.mark.parametrize(
    "broken",
    [pytest.param(broken, marks=() if broken.what in FAST else (pytest.mark.slow,)) for broken in INVENTORIES],
    ids=lambda broken: broken.what,
)
def test_a_broken_inventory_is_an_error_that_says_what_to_look_at(tmp_path: Path, broken: Broken) -> None:
    code, printed = fresh(tmp_path).broken(broken)
    assert code != 0
    # A terminal of another width breaks lines elsewhere.
    plain = " ".join(printed.split())
    assert [words for words in broken.says if words not in plain] == [], printed
    assert secrets_in(printed) == []
    if broken.ours:
        told = said_by_us(printed)
        assert 0 < height(told) <= MOST_LINES, told
        assert all(words in " ".join(told) for words in broken.says), told


def test_at_least_eight_inventories_are_broken() -> None:
    assert len(INVENTORIES) >= 8


def test_what_init_writes_is_no_mistake_but_for_what_is_to_be_filled_in(tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path)
    code, printed = newcomer.onboard()
    assert code != 0
    lines = told_to("my_workspace", printed)
    assert lines
    assert [line for line in lines if "is still to be filled in. " not in line] == []
    assert [line for line in lines if height([line]) > 2] == []


def test_what_the_mistakes_are_made_in_is_right_without_them() -> None:
    variables = yaml.safe_load(wrong_inventory([Wrong("nothing", {}, "", "")]))["braze_workspaces"]["hosts"]
    [(name, values)] = variables.items()
    assert isinstance(read_settings(name, Host(values), {}), Settings)
