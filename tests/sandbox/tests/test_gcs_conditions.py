# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import gcs_conditions
from tests.sandbox.gcs_conditions import InvalidConditionError, Target

OBJECTS = 'resource.name.startsWith("projects/_/buckets/acme/objects/currents/")'
LISTING = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("currents/")'


@pytest.mark.parametrize(
    ("expression", "target", "expected"),
    [
        (OBJECTS, Target("acme", "currents/a.avro"), True),
        (OBJECTS, Target("acme", "other/a.avro"), False),
        (OBJECTS, Target("acme", list_prefix="currents/"), False),
        (LISTING, Target("acme", list_prefix="currents/"), True),
        (LISTING, Target("acme", list_prefix="currents/2026/"), True),
        (LISTING, Target("acme", list_prefix="current"), False),
        (LISTING, Target("acme", list_prefix=""), False),
        (LISTING, Target("acme", "currents/a.avro"), False),
        (f"{OBJECTS} || {LISTING}", Target("acme", "currents/a.avro"), True),
        (f"{OBJECTS} || {LISTING}", Target("acme", list_prefix="currents/"), True),
        (f"{OBJECTS} || {LISTING}", Target("acme"), False),
        ('resource.type == "storage.googleapis.com/Bucket"', Target("acme"), True),
        ('resource.type == "storage.googleapis.com/Bucket"', Target("acme", "a"), False),
        ('resource.service == "storage.googleapis.com"', Target("acme", "a"), True),
        ('request.time < timestamp("2001-01-01T00:00:00Z")', Target("acme"), False),
        ('request.time > timestamp("2001-01-01T00:00:00Z")', Target("acme"), True),
        ('resource.name.extract("/objects/{folder}/") == "currents"', Target("acme", "currents/a.avro"), True),
        ('resource.name.extract("/objects/{name}") == "currents/a.avro"', Target("acme", "currents/a.avro"), True),
        ('resource.name.extract("/managed/{name}") == ""', Target("acme", "currents/a.avro"), True),
    ],
)
def test_a_condition_is_judged_as_google_documents(expression: str, target: Target, expected: bool) -> None:
    gcs_conditions.check(expression)

    assert gcs_conditions.holds(expression, target) is expected


@pytest.mark.parametrize(
    "expression",
    ["resource.name.", "resource.owner == 'me'", "1", "'text'", "resource.name + 1 == 2", "unknown(resource.name)"],
)
def test_an_expression_that_says_nothing_about_a_bucket_is_refused_and_never_holds(expression: Any) -> None:
    with pytest.raises(InvalidConditionError):
        gcs_conditions.check(expression)

    assert gcs_conditions.holds(expression, Target("acme")) is False
