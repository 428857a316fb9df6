# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several modules return is documented alike by all: Ansible has fragments for options, and none for RETURN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.returned import documentation

NAMES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
# Where the same thing stands: the first has all its fields, each of the others all but those that are named.
BLOCKS: tuple[tuple[str, Mapping[str, set[str]]], ...] = (
    (
        "fivetran_connection_info.connections",
        {"fivetran_connection.connection": {"last_sync"}, "fivetran_connection_sync.connection": set()},
    ),
    ("fivetran_group_info.group", {"fivetran_group.group": {"destination", "service_account"}}),
    (
        "fivetran_destination_info.destination",
        {"fivetran_group_info.group.destination": {"group_id", "setup_tests"}},
    ),
    ("fivetran_connection.setup_tests", {"fivetran_destination_info.destination.setup_tests": set()}),
    ("fivetran_webhook_info.webhooks", {"fivetran_webhook.webhook": set()}),
    ("gcs_bucket_iam_member.grant", {"gcs_bucket_iam_info.grants": {"bucket"}}),
    (
        "s3_bucket_preflight_info.findings",
        {"gcs_bucket_preflight_info.findings": set(), "s3_access_plan_info.access.findings": set()},
    ),
)
# What the second tells of the same, the first tells, too.
PARTS = (("s3_access_plan_info.access", "s3_access.access"),)
# "As M(module) returns it": what the sample shows.
SAMPLES: Mapping[str, tuple[str, set[str]]] = {
    "fivetran_account_info.group": ("fivetran_group_info.group", {"destination", "service_account"}),
    "gcs_bucket_iam_member.findings": ("gcs_bucket_preflight_info.findings", set()),
    "gcs_bucket_iam_member.effect": ("gcs_bucket_iam_info.effect", set()),
}
# What is found in another cloud reads differently.
OWN_SAMPLES = ("findings",)
# What is made may not be there yet; what is looked at is.
NOT_YET = "; V(none) in check mode if it does not exist yet"
# They share no more than the name.
HOMONYMS = {"workspaces"}


def documented(module: str, part: str) -> Mapping[str, Any]:
    found = documentation(module, part)
    return found.get("options", {}) if part == "DOCUMENTATION" else found


def block(path: str) -> Mapping[str, Any]:
    module, *names = path.split(".")
    found: Mapping[str, Any] = {"contains": documented(module, "RETURN")}
    for name in names:
        found = found["contains"][name]
    return found


def fields(path: str, *, samples: bool = True) -> dict[str, Any]:
    """Return what is said of each field of a block."""
    return {name: said(field, samples=samples) for name, field in block(path)["contains"].items()}


def said(field: Mapping[str, Any], *, samples: bool) -> dict[str, Any]:
    kept = {name: value for name, value in field.items() if name != "returned" and (samples or name != "sample")}
    kept["description"] = [line.replace(NOT_YET, "") for line in lines(field["description"])]
    if "contains" in field:
        kept["contains"] = {name: said(inner, samples=samples) for name, inner in field["contains"].items()}
    return kept


def lines(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else text


def pairs() -> Iterator[Any]:
    for whole, others in BLOCKS:
        for path, lacking in others.items():
            yield pytest.param(whole, path, lacking, id=f"{path} as {whole}")


@pytest.mark.parametrize(("whole", "path", "lacking"), list(pairs()))
def test_what_several_modules_return_is_documented_alike(whole: str, path: str, lacking: set[str]) -> None:
    samples = not whole.endswith(OWN_SAMPLES)
    expected = fields(whole, samples=samples)
    assert fields(path, samples=samples) == {name: expected[name] for name in expected.keys() - lacking}
    assert lacking <= expected.keys()


def leaves(contains: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in contains.items():
        if "contains" in field:
            yield from leaves(field["contains"], f"{path}{name}.")
        else:
            yield f"{path}{name}", said(field, samples=False)


@pytest.mark.parametrize(("whole", "part"), PARTS)
def test_what_one_module_returns_a_part_of_is_documented_alike(whole: str, part: str) -> None:
    told = dict(leaves(block(whole)["contains"]))
    assert {name: told.get(name) for name, _said in leaves(block(part)["contains"])} == dict(
        leaves(block(part)["contains"])
    )


@pytest.mark.parametrize("path", SAMPLES)
def test_what_is_returned_as_by_another_module_is_shown_with_its_fields(path: str) -> None:
    original, lacking = SAMPLES[path]
    expected = block(original)["contains"].keys() - lacking
    sample = block(path)["sample"]
    assert [row.keys() for row in (sample if isinstance(sample, list) else [sample])] == [expected]


def test_no_block_that_several_modules_return_is_forgotten() -> None:
    held = {path for whole, others in BLOCKS for path in (whole, *others)} | {path for pair in PARTS for path in pair}
    found = [(name, module) for module in NAMES for name, field in documented(module, "RETURN").items()
             if "contains" in field]  # fmt: skip
    counted = Counter(name for name, _module in found)
    several = {f"{module}.{name}" for name, module in found if counted[name] > 1 and name not in HOMONYMS}
    assert several <= held | {original for original, _lacking in SAMPLES.values()}


def test_what_went_wrong_is_told_with_the_same_fields_by_all_modules_that_ask_a_vendor() -> None:
    fields_of_a_failure = ["code", "message", "status", "request", "request_id", "retry_after"]
    asking = [name for name in NAMES if not name.startswith(("role_", "workspace_"))]
    failures = {name: documented(name, "RETURN")["failure"] for name in asking}
    assert {name: list(failure["sample"]) for name, failure in failures.items()} == dict.fromkeys(
        asking, fields_of_a_failure
    )
    of_fivetran = {failure["description"] for name, failure in failures.items() if name.startswith("fivetran_")}
    assert of_fivetran == {"What went wrong, as data. The C(code) is Fivetran's own where there is one."}


def test_an_option_has_one_type_in_all_modules_of_a_vendor_and_no_other_choices() -> None:
    differing = []
    for one, other in combinations(NAMES, 2):
        if one.partition("_")[0] != other.partition("_")[0] or one.startswith("workspace_"):
            continue
        mine, theirs = (documented(module, "DOCUMENTATION") for module in (one, other))
        for name in mine.keys() & theirs.keys():
            types = [(option.get("type"), option.get("elements")) for option in (mine[name], theirs[name])]
            choices = [set(option.get("choices", ())) for option in (mine[name], theirs[name])]
            if types[0] != types[1] or not (choices[0] <= choices[1] or choices[1] <= choices[0]):
                differing.append(f"{name} of {one} and {other}")
    assert differing == []


def test_a_bucket_of_google_is_named_alike_in_all_modules_for_it() -> None:
    buckets = [documented(name, "DOCUMENTATION")["bucket"] for name in NAMES if name.startswith("gcs_")]
    assert len(buckets) == 3
    assert buckets == [buckets[0]] * 3
