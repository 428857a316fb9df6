# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""braze_currents_info against buckets of the sandbox, through boto3 and Google's own client."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import EVENT_TYPES, generate_currents, generate_segment_exports

BUCKET = "acme-currents-of-this-test"
HOUR = timedelta(hours=1)
TYPES = ("users.behaviors.app.SessionStart", "users.messages.email.Open")
Objects = Iterable[tuple[str, bytes]]


class Place:
    """A bucket of its own for one test, in one of the two clouds."""

    def __init__(self, sandbox: Sandbox, storage: str) -> None:
        self.sandbox = sandbox
        self.storage = storage
        if storage == "s3":
            sandbox.aws("s3").create_bucket(Bucket=BUCKET)
        else:
            sandbox.seed("gcs", "create_bucket", name=BUCKET)

    def put(self, objects: Objects) -> None:
        """Store objects."""
        if self.storage == "s3":
            client = self.sandbox.aws("s3")
            for name, content in objects:
                client.put_object(Bucket=BUCKET, Key=name, Body=content)
            return
        for name, content in objects:
            self.sandbox.seed("gcs", "put_object", bucket=BUCKET, name=name, base64_content=b64encode(content).decode())

    def look(self, environment: Mapping[str, str] | None = None, **arguments: Any) -> ModuleResult:
        """Run the module, and see that it counted its requests right."""
        self.sandbox.clear_journal()
        given = {"storage": self.storage, "bucket": BUCKET, "prefix": "currents", **arguments}
        result = run_module("braze_currents_info", given, {**self.sandbox.env, **(environment or {})})
        if not result.failed:
            assert result["list_calls"] == len(self.listings())
            assert self.sandbox.writes() == []
        return result

    def listings(self) -> list[Any]:
        operation = "s3:ListObjectsV2" if self.storage == "s3" else "objects.list"
        return self.sandbox.journal("aws" if self.storage == "s3" else "gcs", operation)

    def refuse(self, permission: str) -> None:
        """Take a permission from the caller."""
        if self.storage == "gcs":
            names = {"list": "storage.objects.list", "get": "storage.objects.get"}
            self.sandbox.seed("gcs", "deny_owner", permissions=[names[permission]])
            return
        actions = {"list": "ListObjectsV2", "get": "GetObject"}
        body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        headers = {"Content-Type": "application/xml"}
        operation = f"s3:{actions[permission]}"
        self.sandbox.fault("status", operation=operation, status=403, body=body, headers=headers, times=0)


@pytest.fixture(params=["s3", "gcs"])
def place(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Place]:
    return Place(sandbox, request.param)


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def iso(hour: datetime) -> str:
    return f"{hour:%Y-%m-%dT%H:%M:%SZ}"


def currents(*ends: datetime, prefix: str = "currents", **more: Any) -> Objects:
    """Return Currents objects of the event types ``TYPES``, which end at these hours."""
    for event_type, end in zip(TYPES, ends, strict=False):
        yield from generate_currents(
            prefix=prefix, cluster="prod-01", storage="S3", integration_id="66f1aeb2",
            event_types=[event_type], hours=[end - n * HOUR for n in range(3)], **more,
        )  # fmt: skip


@pytest.mark.fact("layouts-of-currents")
def test_fresh_files_are_landing_with_everything_that_their_names_say(place: Place) -> None:
    now = this_hour()
    place.put(currents(now, now - 2 * HOUR, version=7))
    result = place.look()
    assert (result["verdict"], result["newest_hour"], result["next_step"]) == ("landing", iso(now), "")
    [integration] = result["integrations"]
    assert (integration["id"], integration["cluster"], integration["storage"]) == ("66f1aeb2", "prod-01", "S3")
    assert integration["event_types"] == [
        {"name": TYPES[0], "newest_hour": iso(now), "layout": "version", "schema": "7"},
        {"name": TYPES[1], "newest_hour": iso(now - 2 * HOUR), "layout": "version", "schema": "7"},
    ]
    assert [sample["avro"] for sample in result["samples"]] == [True, True]


@pytest.mark.fact("layouts-of-currents")
def test_the_older_layout_is_landing_as_well(place: Place) -> None:
    place.put(currents(this_hour(), layout="schema_id", schema_id=460))
    result = place.look()
    assert result["verdict"] == "landing"
    [kind] = result["integrations"][0]["event_types"]
    assert (kind["layout"], kind["schema"]) == ("schema_id", "460")


@pytest.mark.fact("files-of-currents")
def test_old_files_are_stale_and_the_advice_names_the_button(place: Place) -> None:
    place.put(currents(this_hour() - 50 * HOUR))
    result = place.look()
    assert (result["verdict"], result["newest_hour"]) == ("stale", iso(this_hour() - 50 * HOUR))
    assert "Send Test Events" in result["next_step"]
    assert place.look(stale_after=72)["verdict"] == "landing"


def test_an_empty_bucket_is_empty(place: Place) -> None:
    result = place.look()
    assert (result["verdict"], result["newest_hour"], result["integrations"]) == ("empty", None, [])
    assert "Send Test Events" in result["next_step"]


def test_exports_of_segments_are_not_currents(place: Place) -> None:
    place.put(generate_segment_exports("currents"))
    result = place.look()
    assert result["verdict"] == "not_currents"
    assert "currents/segment-export/" in result["next_step"]


@pytest.mark.fact("files-of-currents")
def test_files_with_the_right_names_but_another_format_are_not_currents(place: Place) -> None:
    place.put((name, b"\x1f\x8b" + content) for name, content in currents(this_hour()))
    result = place.look()
    assert result["verdict"] == "not_currents"
    assert [sample["avro"] for sample in result["samples"]] == [False]


def test_currents_under_another_prefix_is_pointed_out(place: Place) -> None:
    place.put(currents(this_hour(), prefix="team/braze"))
    result = place.look(prefix="currents")
    assert (result["verdict"], result["other_prefixes"]) == ("elsewhere", ["team/braze"])
    assert "'team/braze'" in result["next_step"]
    assert place.look(prefix="currents", on_problem="fail", on_quiet="ignore").code == "elsewhere"


def test_the_folder_of_another_workspace_is_not_advised_whatever_slashes_it_is_given_with(place: Place) -> None:
    place.put(currents(this_hour(), prefix="team/braze"))
    result = place.look(prefix="currents", folders_of_others=["/team/braze/", "team/other"])
    assert (result["verdict"], result["other_prefixes"]) == ("empty", [])
    assert "Currents of other workspaces writes to 'team/braze' here" in result["next_step"]


@pytest.mark.parametrize("prefix", ["", "/", "täglich/ワークスペース 🛒/a+b%20c&d", "a/b/c"])
def test_any_prefix_is_walked(place: Place, prefix: str) -> None:
    place.put(currents(this_hour(), prefix=prefix.strip("/")))
    result = place.look(prefix=prefix)
    assert (result["verdict"], result["prefix"]) == ("landing", prefix.strip("/"))


def test_a_bucket_that_does_not_exist_is_told_with_the_code_of_the_cloud(place: Place) -> None:
    result = place.look(bucket="acme-no-such-bucket")
    code = "NoSuchBucket" if place.storage == "s3" else "notFound"
    assert (result["verdict"], result["refusal"]["code"], result["refusal"]["status"]) == ("no_bucket", code, 404)


def test_a_refused_listing_is_told_with_the_code_of_the_cloud(place: Place) -> None:
    place.put(currents(this_hour()))
    place.refuse("list")
    result = place.look()
    code = "AccessDenied" if place.storage == "s3" else "forbidden"
    assert (result["verdict"], result["refusal"]["code"], result["refusal"]["status"]) == ("no_access", code, 403)
    permission = "s3:ListBucket" if place.storage == "s3" else "storage.objects.list"
    assert permission in result["next_step"]


def test_files_that_may_be_listed_but_not_read_are_landing_without_a_look_into_them(place: Place) -> None:
    place.put(currents(this_hour()))
    place.refuse("get")
    result = place.look()
    assert result["verdict"] == "landing"
    assert [sample["avro"] for sample in result["samples"]] == [None]
    assert result["samples"][0]["message"]


def test_a_cloud_in_trouble_is_asked_again(place: Place) -> None:
    place.put(currents(this_hour()))
    server = "aws" if place.storage == "s3" else "gcs"
    place.sandbox.fault("status", server=server, method="GET", status=503)
    given = {"storage": place.storage, "bucket": BUCKET, "prefix": "currents"}
    assert run_module("braze_currents_info", given, place.sandbox.env)["verdict"] == "landing"


def test_a_cloud_that_does_not_recover_fails_inside_the_deadline(place: Place) -> None:
    server = "aws" if place.storage == "s3" else "gcs"
    place.sandbox.fault("status", server=server, method="GET", status=503, times=0)
    result = place.look(request_timeout=1, retry_timeout=2)
    assert result.failed
    assert BUCKET in result.msg
    assert result["failure"]["status"] == 503


def test_only_the_first_bytes_of_a_few_files_are_read(place: Place) -> None:
    place.put(currents(this_hour(), this_hour() - HOUR))
    assert len(place.look(format_samples=1)["samples"]) == 1
    operation = "s3:GetObject" if place.storage == "s3" else None
    if operation:
        assert [entry.status for entry in place.sandbox.journal("aws", operation)] == [206]
    assert place.look(format_samples=0)["samples"] == []


@pytest.mark.parametrize(("option", "value"), [("stale_after", 0), ("stale_after", 10**12), ("format_samples", -1)])
def test_a_number_that_makes_no_sense_is_refused_before_anything_is_asked(
    place: Place, option: str, value: int
) -> None:
    result = place.look(**{option: value})
    assert result.failed
    assert option in result.msg
    assert place.listings() == []


@pytest.mark.parametrize("storage", ["s3", "gcs"])
def test_the_buckets_of_the_sandbox_are_landing(sandbox: Sandbox, storage: str) -> None:
    bucket = {"s3": world.S3_BUCKET, "gcs": world.GCS_BUCKET}[storage]
    given = {"storage": storage, "bucket": bucket, "prefix": world.PREFIX}
    result = run_module("braze_currents_info", given, sandbox.env)
    assert result["verdict"] == "landing"
    names = [kind["name"] for kind in result["integrations"][0]["event_types"]]
    assert names == sorted(world.EVENT_TYPES)


def test_without_aws_credentials_nothing_is_known(sandbox: Sandbox) -> None:
    environment = {**sandbox.env, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    result = run_module("braze_currents_info", {"storage": "s3", "bucket": world.S3_BUCKET}, environment)
    assert (result["verdict"], result["refusal"]["code"]) == ("no_access", "no_credentials")


def test_an_aws_profile_that_does_not_exist_is_named(sandbox: Sandbox) -> None:
    given = {"storage": "s3", "bucket": world.S3_BUCKET, "profile": "no-such-profile"}
    result = run_module("braze_currents_info", given, sandbox.env)
    assert result.failed
    assert "no-such-profile" in result.msg


def test_a_bucket_whose_readers_pay_is_read_for_the_project_that_is_named(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "create_bucket", name=BUCKET, requester_pays=True)
    given = {"storage": "gcs", "bucket": BUCKET}
    refused = run_module("braze_currents_info", given, sandbox.env)
    assert refused.failed
    assert "user_project" in refused.msg
    paid = run_module("braze_currents_info", {**given, "user_project": "acme-analytics"}, sandbox.env)
    assert paid["verdict"] == "empty"


@pytest.mark.parametrize("bucket", ["s3://acme-currents", "acme-currents/currents", "gs://acme", ""])
def test_an_address_in_place_of_a_bucket_name_is_refused_before_anything_is_asked(place: Place, bucket: str) -> None:
    result = place.look(bucket=bucket)
    assert result.failed
    assert result.msg.startswith("bucket: ")
    assert place.listings() == []


@pytest.mark.parametrize("option", ["prefix", "folders_of_others"])
def test_an_address_in_place_of_a_folder_is_refused_before_anything_is_asked(place: Place, option: str) -> None:
    address = "s3://acme-currents/currents"
    result = place.look(**{option: [address] if option == "folders_of_others" else address})
    assert result.code == "invalid_argument"
    assert result.msg.startswith(f"{option}: expected a folder in the bucket such as currents, without s3://")
    assert address in result.msg
    assert place.listings() == []


def test_an_endpoint_that_is_no_url_is_named(sandbox: Sandbox) -> None:
    environment = {**sandbox.env, "AWS_ENDPOINT_URL": "nonsense"}
    result = run_module("braze_currents_info", {"storage": "s3", "bucket": BUCKET}, environment)
    assert result.failed
    assert "nonsense" in result.msg


def test_a_bucket_in_another_region_is_found_there(sandbox: Sandbox) -> None:
    place = {"LocationConstraint": "eu-central-1"}
    sandbox.aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    given = {"storage": "s3", "bucket": BUCKET, "region": "us-east-1"}
    assert run_module("braze_currents_info", given, sandbox.env)["verdict"] == "empty"
    # The first request went to the wrong region.
    assert sandbox.journal("aws")[0].status != 200


def test_a_region_that_cannot_be_found_out_is_asked_for(sandbox: Sandbox) -> None:
    body = "<Error><Code>PermanentRedirect</Code><Message>Use the other endpoint.</Message></Error>"
    headers = {"Content-Type": "application/xml", "x-amz-bucket-region": "eu-central-1"}
    sandbox.fault("status", server="aws", status=301, body=body, headers=headers, times=0)
    result = run_module("braze_currents_info", {"storage": "s3", "bucket": world.S3_BUCKET}, sandbox.env)
    assert result.failed
    assert result.code == "PermanentRedirect"
    assert "name it in region" in result.msg


# To find out that nothing is newer takes more looking than to find what is new.
@pytest.mark.parametrize(
    "age", [pytest.param(timedelta(0), marks=pytest.mark.slow), timedelta(days=250)], ids=["fresh", "stale"]
)
def test_a_million_objects_cost_fewer_than_150_listings(sandbox: Sandbox, age: timedelta) -> None:
    newest = this_hour() - age
    lags = {EVENT_TYPES[0]: 24 * 200, EVENT_TYPES[3]: 5, EVENT_TYPES[10]: 24 * 30, EVENT_TYPES[20]: 24 * 300}
    sandbox.seed("gcs", "create_bucket", name=BUCKET)
    stored = sandbox.seed(
        "gcs", "seed_currents_names", bucket=BUCKET, newest=newest.isoformat(), prefix="currents", cluster="prod-01",
        storage="S3", integration_id="66f1aeb2", days=400, total=1_000_000, lag_hours=lags,
    )  # fmt: skip
    assert (stored, len(EVENT_TYPES)) == (1_000_000, 30)
    endpoint = sandbox.seed("s3_listing", "share_bucket", bucket=BUCKET, source=BUCKET)
    expected = {name: iso(newest - lags.get(name, 0) * HOUR) for name in EVENT_TYPES}
    for storage, server, operation in (("s3", "s3_listing", "ListObjectsV2"), ("gcs", "gcs", "objects.list")):
        sandbox.clear_journal()
        given = {"storage": storage, "bucket": BUCKET, "prefix": "currents"}
        result = run_module("braze_currents_info", given, {**sandbox.env, "AWS_ENDPOINT_URL": endpoint})
        assert result["verdict"] == ("stale" if age else "landing")
        found = {kind["name"]: kind["newest_hour"] for kind in result["integrations"][0]["event_types"]}
        assert found == expected
        listings = sandbox.journal(server, operation)
        assert 0 < len(listings) < 150
        assert result["list_calls"] == len(listings)
