# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions of grants, judged for a whole folder, and held against another implementation of Google's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.condition import (
    holds,
    listing,
    listing_as_objects,
    moments,
    reading,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import folder_condition
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.growth import LINEAR, growth
from tests.sandbox import gcs_conditions
from tests.sandbox.gcs_conditions import LIST_PREFIX, Target

BUCKET, FOLDER = "acme", "currents"
OBJECTS = "projects/_/buckets/acme/objects"
PREFIX = f'api.getAttribute("{LIST_PREFIX}", "")'
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def read(expression: str, folder: str = FOLDER) -> bool | None:
    return holds(expression, reading(BUCKET, folder, NOW))


def listed(expression: str, folder: str = FOLDER) -> bool | None:
    return holds(expression, listing(BUCKET, folder, NOW))


@pytest.mark.parametrize(
    "expression",
    [
        f'resource.name.startsWith("{OBJECTS}/currents/")',
        f"resource.name.startsWith('{OBJECTS}/currents/')",
        f"resource.name.startsWith(r'{OBJECTS}/currents/')",
        f'resource.name.startsWith("""{OBJECTS}/currents""")',
        f'( resource . name\n.startsWith( "{OBJECTS}/currents" ) ) // of Braze',
        f'resource.name.startsWith("{OBJECTS}/")',
        'resource.name.startsWith("projects/_/buckets/acme")',
        'resource.name.startsWith("projects/_/buckets/acme/objects/\\x63urrents/")',
        f'resource.type == "storage.googleapis.com/Object" && resource.name.startsWith("{OBJECTS}/currents/")',
        'resource.type in ["storage.googleapis.com/Object", "storage.googleapis.com/Bucket"]',
        f'resource.type != "storage.googleapis.com/Object" || resource.name.startsWith("{OBJECTS}/currents/")',
        'resource.service == "storage.googleapis.com" && "storage.googleapis.com/Object" == resource.type',
        'resource.name.extract("/objects/{folder}/") == "currents"',
        'resource.name.extract("/objects/{name}").startsWith("currents/")',
        'resource.name.contains("/objects/currents/")',
        '!(resource.name.startsWith("projects/_/buckets/acme/objects/secret/"))',
        '!!resource.name.startsWith("projects/_/buckets/acme/")',
        'request.time < timestamp("2027-01-01T00:00:00Z")',
        'request.time > timestamp("2026-01-01T00:00:00+02:00") && request.time <= timestamp("2100-01-01T00:00:00Z")',
        'request.time.getFullYear("Europe/Berlin") == 1971 || true',
        'resource.type == "storage.googleapis.com/Object" ? true : false',
        f'resource.matchTag("1/env", "prod") || resource.name.startsWith("{OBJECTS}/c")',
    ],
)
def test_what_lets_read_all_of_a_folder_is_recognized_in_whatever_words(expression: str) -> None:
    assert read(expression) is True


@pytest.mark.parametrize(
    "expression",
    [
        f'resource.name.startsWith("{OBJECTS}/other/")',
        f'resource.name.startsWith("{OBJECTS}/currents-private/")',
        f'resource.name.startsWith("{OBJECTS}/Currents/")',
        'resource.name.startsWith("projects/_/buckets/acme2/objects/currents/")',
        'resource.name == "projects/_/buckets/acme"',
        f'!resource.name.startsWith("{OBJECTS}/")',
        'resource.type == "storage.googleapis.com/Bucket"',
        'request.time < timestamp("2026-01-01T00:00:00Z")',
        f'{PREFIX}.startsWith("currents/")',
        "false && request.time.getHours() < 8",
        'resource.name.extract("/objects/{folder}/") == "other"',
    ],
)
def test_what_lets_read_nothing_of_a_folder_is_told_for_sure(expression: str) -> None:
    assert read(expression) is False


@pytest.mark.parametrize(
    "expression",
    [
        f'resource.name.startsWith("{OBJECTS}/currents/dataexport.prod-01")',
        'resource.name.endsWith(".avro")',
        f'resource.name == "{OBJECTS}/currents/a.avro"',
        'resource.name.matches("currents")',
        "request.time.getHours() < 20",
        'request.time < timestamp("2026-13-01T00:00:00Z")',
        'request.time < timestamp("2027-01-01")',
        'request.time < timestamp("2027-01-01T00:00:00Z") - duration("60s")',
        'resource.matchTag("123456789012/env", "prod")',
        '"levels/corp" in request.auth.access_levels',
        'resource["name"] == "x"',
        "destination.port == 443",
        "",
        "resource.name.",
        "(true",
        "true)",
        "true || ",
        'resource.name.startsWith("unfinished)',
        'b"true"',
        "true; true",
        "{'a': 1}",
        "(" * 2000 + "true" + ")" * 2000,
        "!" * 30_000 + "true",
        "\\",
        '"\\UFFFFFFFF" == "x"',
        "1 == 1",
        "\x00",
    ],
)
def test_what_cannot_be_told_is_never_guessed(expression: str) -> None:
    assert read(expression) is None


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        (f'{PREFIX}.startsWith("currents/")', True),
        (f'{PREFIX} == "currents/"', True),
        (f'{PREFIX}.startsWith("cur")', True),
        (f'{PREFIX} == "other/"', False),
        ('api.getAttribute("storage.googleapis.com/other", "") == "currents/"', None),
        ('resource.name == "projects/_/buckets/acme"', True),
        ('resource.type == "storage.googleapis.com/Bucket"', True),
        (f'resource.name.startsWith("{OBJECTS}/currents/")', False),
        ("true", True),
    ],
)
def test_listing_is_asked_of_the_bucket_and_of_the_prefix(expression: str, allowed: bool | None) -> None:
    assert listed(expression) is allowed


def test_the_condition_that_is_made_here_lets_read_and_list_its_folder_and_no_other() -> None:
    expression = folder_condition(BUCKET, FOLDER).expression
    assert (read(expression), listed(expression)) == (True, True)
    assert (read(expression, "currents/deeper"), listed(expression, "/currents/deeper/")) == (True, True)
    assert (read(expression, "other"), listed(expression, "other")) == (False, False)
    # Some of the bucket, and not all of it.
    assert (read(expression, ""), listed(expression, "")) == (None, False)


def test_every_moment_that_is_named_is_found_once_in_its_order() -> None:
    expression = (
        "request.time > timestamp(\"2026-01-01T00:00:00Z\") && request.time < timestamp('2027-01-01T00:00:00Z')"
        ' || timestamp("2026-01-01T01:00:00+01:00") == timestamp("nonsense")'
    )
    assert moments(expression) == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]


# Held against another implementation

# It raises the interpreter's recursion limit once.
gcs_conditions.check("true")
PREFIXES = ("projects/_/buckets/acme", OBJECTS, f"{OBJECTS}/", f"{OBJECTS}/cur", f"{OBJECTS}/currents", f"{OBJECTS}/x/",
            f"{OBJECTS}/currents/", f"{OBJECTS}/currents/a", "projects/_/buckets/acme2/")  # fmt: skip
TYPES = ("storage.googleapis.com/Object", "storage.googleapis.com/Bucket", "other")
FOLDERS = ("", "c", "currents", "currents/", "currents/a", "other/")
MOMENTS = ("2001-01-01T00:00:00Z", "2100-01-01T00:00:00+05:00")


def quoted(text: str) -> str:
    return f'"{text}"'


atoms = st.one_of(
    st.sampled_from(("true", "false")),
    st.sampled_from(PREFIXES).map(lambda text: f"resource.name.startsWith({quoted(text)})"),
    st.sampled_from(PREFIXES).map(lambda text: f"resource.name.contains({quoted(text)})"),
    st.sampled_from(PREFIXES).map(lambda text: f"resource.name == {quoted(text)}"),
    st.sampled_from((".avro", "currents/", "")).map(lambda text: f"resource.name.endsWith({quoted(text)})"),
    st.sampled_from(("/objects/{a}/", "/objects/{a}", "/none/{a}")).map(
        lambda text: f'resource.name.extract({quoted(text)}) == "currents"'
    ),
    st.sampled_from(TYPES).map(lambda kind: f"resource.type == {quoted(kind)}"),
    st.sampled_from(TYPES).map(lambda kind: f"{quoted(kind)} != resource.type"),
    st.lists(st.sampled_from(TYPES), min_size=1).map(
        lambda kinds: f"resource.type in [{', '.join(map(quoted, kinds))}]"
    ),
    st.builds(
        lambda sign, when: f"request.time {sign} timestamp({quoted(when)})",
        st.sampled_from(("<", "<=", ">", ">=")),
        st.sampled_from(MOMENTS),
    ),
    st.sampled_from(FOLDERS).map(lambda text: f"{PREFIX}.startsWith({quoted(text)})"),
    st.sampled_from(FOLDERS).map(lambda text: f"{PREFIX} == {quoted(text)}"),
)  # fmt: skip
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        inner.map("!({})".format),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
NAMES = ("currents/", "currents/a.avro", "currents/a", "currents/b/currents/.avro", "currents/x/objects/y/z")


@settings(deadline=None, max_examples=examples(400))
@given(expressions)
@pytest.mark.slow
def test_what_is_told_for_sure_another_implementation_tells_of_every_object(expression: str) -> None:
    now = datetime.now(UTC)
    told = holds(expression, reading(BUCKET, FOLDER, now))
    each = {gcs_conditions.holds(expression, Target(BUCKET, name)) for name in NAMES}
    assert told is None or each == {told}
    told = holds(expression, listing(BUCKET, FOLDER, now))
    assert told in (None, gcs_conditions.holds(expression, Target(BUCKET, list_prefix=f"{FOLDER}/")))
    told = holds(expression, listing_as_objects(BUCKET, FOLDER, now))
    each = {gcs_conditions.holds(expression, Target(BUCKET, name, f"{FOLDER}/")) for name in NAMES}
    assert told is None or each == {told}


@given(st.text(max_size=60) | st.text("()[]{}.,!&|=<>?:'\"\\ abr1timesap", max_size=60))
def test_whatever_stands_in_a_policy_is_judged_without_an_error(expression: str) -> None:
    assert read(expression) in (True, False, None)
    assert moments(expression) == sorted(moments(expression))


@pytest.mark.parametrize(
    "expression",
    [
        lambda count: " && ".join([f'resource.name.startsWith("{OBJECTS}/currents/")'] * count),
        lambda count: '"' + "\\" * 100 * count,
        lambda count: "timestamp(" * count,
    ],
    ids=["terms", "a text without end", "parentheses"],
)
def test_a_long_expression_takes_as_much_work_as_it_is_long(expression: Callable[[int], str]) -> None:
    for judge in (read, moments):
        assert growth(lambda count, judge=judge: partial(judge, expression(count)), 40) < LINEAR


def test_a_text_that_only_looks_like_an_expression_comes_to_its_end() -> None:
    # Regular expressions that begin anew at each place would take minutes.
    assert read('"' + "\\" * 19_000) is None
    assert moments("timestamp(" * 50_000) == []
