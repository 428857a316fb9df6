# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's Fivetran and every request of the modules, held against the official OpenAPI document."""

from __future__ import annotations

import pytest

from tests.sandbox.contract import DOCUMENT, contract
from tests.sandbox.core import Entry

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="Fivetran's OpenAPI document is not beside the checkout")

GOOD = {"id": "g", "name": "Warehouse", "created_at": "2024-12-01T15:43:29Z"}


def entry(method: str, path: str, **fields: object) -> Entry:
    values = {"query": {}, "status": 200, **fields}
    return Entry(1, "fivetran", "fivetran:x", method, path, **values)  # type: ignore[arg-type]


def answer(data: object) -> dict[str, object]:
    return {"code": "Success", "data": data}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (entry("GET", "/v1/connectors"), "not in the document"),
        (entry("DELETE", "/v1/connections"), "not in the document"),
        (entry("GET", "/v1/groups", query={"page": "1"}, answer=answer({"items": []})), "query parameter page"),
        (entry("GET", "/v1/groups/g", answer=answer({**GOOD, "name": 7})), "name"),
        (entry("GET", "/v1/groups/g", answer=answer({"id": "g"})), "required"),
        (entry("PATCH", "/v1/connections/c", body={"sync_frequency": 7}, status=200), "sync_frequency"),
        (entry("PATCH", "/v1/connections/c", body={"pause": True}, status=200), "field pause"),
        (
            entry(
                "POST",
                "/v1/connections",
                body={"group_id": "g", "service": "braze", "config": {"s3_bucket": "b"}},
                status=201,
            ),
            "config.s3_bucket",
        ),
        (
            entry(
                "POST",
                "/v1/connections",
                body={"group_id": "g", "service": "braze", "config": {"cloud_storage_type": "S3"}},
                status=201,
            ),
            "cloud_storage_type",
        ),
        (entry("POST", "/v1/connections", body={"group_id": "g"}, status=201), "service"),
    ],
)
def test_a_violation_is_found(seen: Entry, words: str) -> None:
    assert any(words in violation for violation in contract().violations([seen]))


def test_a_right_request_and_answer_pass() -> None:
    right = [
        entry("GET", "/v1/groups", query={"limit": "1000"}, answer=answer({"items": [GOOD]})),
        entry("GET", "/v1/groups/g", answer=answer(GOOD)),
    ]
    assert contract().violations(right) == []


def test_the_documents_list_of_braze_fields_is_the_sandboxs() -> None:
    from tests.sandbox.fivetran_services import BRAZE

    documented = contract().schemas["braze_config_V1"]["properties"]["config"]["properties"]
    assert set(BRAZE) == set(documented)
    for name, (kind, secret, choices) in BRAZE.items():
        assert (documented[name].get("format") == "password") == secret, name
        assert documented[name]["type"] == kind, name
        listed = [choice for choice in documented[name].get("enum", []) if not choice.startswith("<")]
        assert sorted(listed) == sorted(choices or []), name
