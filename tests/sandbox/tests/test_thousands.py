# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox has for thousands of workspaces: requests that are only counted, and buckets with many folders."""

from __future__ import annotations

from typing import Any

import requests

from tests.bench.fleet import FOLDERS
from tests.sandbox import world
from tests.sandbox.client import Sandbox


def listed(s3: Any, **query: Any) -> tuple[list[str], list[str]]:
    """Return the names and the common prefixes of the first page of a listing."""
    page = s3.list_objects_v2(Bucket=world.S3_BUCKET, **query)
    folders = [found["Prefix"] for found in page.get("CommonPrefixes", ())]
    return [found["Key"] for found in page.get("Contents", ())], folders


def ask(sandbox: Sandbox, method: str, path: str, **more: Any) -> None:
    requests.request(
        method,
        sandbox.env["FIVETRAN_API_URL"] + path,
        auth=(world.FIVETRAN_KEY, world.FIVETRAN_SECRET),
        headers={"Accept": "application/json;version=2"},
        timeout=10,
        **more,
    ).raise_for_status()


def test_requests_can_be_counted_without_being_kept_until_the_next_reset(sandbox: Sandbox) -> None:
    sandbox.keep_journal(False)
    for _request in range(3):
        ask(sandbox, "GET", "/v1/groups")
    ask(sandbox, "POST", "/v1/groups", json={"name": "Another"})
    assert sandbox.journal() == []
    assert sandbox.counts() == {"fivetran:list_groups": 3, "fivetran:create_group": 1}
    assert sandbox.counts(writes=True) == {"fivetran:create_group": 1}
    sandbox.clear_journal()
    assert sandbox.counts() == {}
    sandbox.reset()
    ask(sandbox, "GET", "/v1/groups")
    assert [entry.operation for entry in sandbox.journal()] == ["fivetran:list_groups"]
    assert sandbox.counts() == {"fivetran:list_groups": 1}


def test_one_request_puts_an_object_into_many_folders_and_listings_find_it_in_each(sandbox: Sandbox) -> None:
    s3 = sandbox.aws("s3")
    meant = {"sandbox-folders": f"{FOLDERS} 0 6 2"}
    s3.put_object(Bucket=world.S3_BUCKET, Key="a/b", Body=b"content", Metadata=meant)
    assert listed(s3, Prefix="ws", Delimiter="/") == ([], ["ws0000/", "ws0002/", "ws0004/"])
    assert listed(s3, Prefix="ws0002/") == (["ws0002/a/b"], [])
    found = s3.get_object(Bucket=world.S3_BUCKET, Key="ws0004/a/b")
    assert (found["Body"].read(), found["Metadata"]) == (b"content", {})


def test_a_listing_knows_what_came_and_went_since_the_last_one(sandbox: Sandbox) -> None:
    s3 = sandbox.aws("s3")
    for name in ("b", "a", "c", "\U0010ffffd"):
        s3.put_object(Bucket=world.S3_BUCKET, Key=f"x/{name}", Body=b"")
    assert listed(s3, Prefix="x/") == (["x/a", "x/b", "x/c", "x/\U0010ffffd"], [])
    assert listed(s3, Prefix="x/", MaxKeys=1, StartAfter="x/a") == (["x/b"], [])
    s3.delete_object(Bucket=world.S3_BUCKET, Key="x/b")
    s3.put_object(Bucket=world.S3_BUCKET, Key="x/aa", Body=b"")
    assert listed(s3, Prefix="x/")[0][:3] == ["x/a", "x/aa", "x/c"]
    assert listed(s3, Prefix="y/") == ([], [])
