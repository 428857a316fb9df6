# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a connection: what it sends, tests and starts, and what leaves it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.desired import (
    DesiredConnection,
    Options,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.plan import (
    ConnectionPlan,
    plan_connection,
    refuse_protected,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError
from hypothesis import given
from hypothesis import strategies as st

MASK = "******"
ROLE = "arn:aws:iam::111122223333:role/Fivetran"
CONFIG = {
    "api_url": "https://rest.iad-01.braze.com",
    "cloud_storage_type": "AWS_S3",
    "s3bucket": "acme",
    "s3folder": "currents",
    "s3role_arn": ROLE,
}
SYNCED = "2026-03-01T14:10:00Z"
CHOICES = {"type": "string", "enum": ["ONE", "ANOTHER_ONE"]}


def desired(service: str = "braze", **changes: Any) -> DesiredConnection:
    """Return a connection that is wanted, ready to be made unless ``changes`` say otherwise."""
    given: dict[str, Any] = {
        "connection_id": None,
        "group_id": "jovial_daylight",
        "service": service,
        "schema": "braze_shop",
        "paused": None,
        "fields": {},
        "config": CONFIG,
        "secrets": {"api_key": "the-braze-key"},
        "destination_schema_names": None,
    }
    return DesiredConnection(**{**given, **changes})


def actual(config: Mapping[str, Any] | None = None, state: str = "connected", **changes: Any) -> dict[str, Any]:
    """Return the connection as Fivetran shows it, just as :func:`desired` wants it."""
    stored = {**CONFIG, "s3role_arn": MASK, "api_key": MASK, **(config or {})}
    return {
        "id": "speak_inexpensive",
        "group_id": "jovial_daylight",
        "service": "braze",
        "schema": "braze_shop",
        "paused": False,
        "succeeded_at": SYNCED,
        "config": {name: value for name, value in stored.items() if value is not None},
        "status": {"setup_state": state, "sync_state": "scheduled"},
        **changes,
    }


def sent(change: ConnectionPlan) -> dict[str, Any]:
    return {item.name: item.after for item in (*change.fields, *change.config)}


# Left alone


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [
        ({}, {}),
        ({"enable_exports": False}, {"enable_exports": None}),
        ({"enable_exports": None}, {"enable_exports": False}),
        ({"historic_sync_time_frame": "ONE_YEAR"}, {}),
        ({"cloud_storage_type": "NONE"}, {"cloud_storage_type": None}),
    ],
)
def test_what_is_as_wanted_is_no_change(wanted: dict[str, Any], stored: dict[str, Any]) -> None:
    change = plan_connection(desired(config={**CONFIG, **wanted}), actual(stored), Options())
    assert (change.is_change, sent(change), change.found) == (False, {}, ())
    assert change.foretold() == actual(stored)


@pytest.mark.parametrize(("field", "stored"), [("networking_method", "DIRECTLY"), ("schedule_type", "AUTO")])
def test_a_choice_is_the_same_however_it_is_spelled(field: str, stored: str) -> None:
    wanted = {"networking_method": "Directly", "schedule_type": "auto"}[field]
    assert not plan_connection(desired(fields={field: wanted}), actual(**{field: stored}), Options()).is_change
    assert plan_connection(desired(fields={field: wanted}), actual(**{field: "other"}), Options()).is_change


def test_a_name_of_a_list_is_the_same_however_it_is_spelled_where_the_service_says_that_it_is_one() -> None:
    metadata = {"properties": {"kind": CHOICES, "name": {"type": "string"}}}
    wanted = desired("other", config={"kind": "ANOTHER_ONE", "name": "ANOTHER_ONE"}, secrets={})
    stored = {"kind": "AnotherOne", "name": "AnotherOne"}
    change = plan_connection(wanted, {**actual(), "service": "other", "config": stored}, Options(), metadata)
    assert sent(change) == {"name": "ANOTHER_ONE"}


@pytest.mark.parametrize("secret", ["api_key", "s3role_arn"])
def test_a_secret_that_is_not_returned_is_there_where_the_connection_is_connected(secret: str) -> None:
    assert not plan_connection(desired(), actual({secret: None}), Options()).is_change
    assert secret in sent(plan_connection(desired(), actual({secret: None}, "incomplete"), Options()))
    # Whether it is that of another bucket, nobody knows.
    assert secret in sent(plan_connection(desired(), actual({secret: None, "s3bucket": "other"}), Options()))


def test_a_secret_that_shall_be_cleared_is_a_difference() -> None:
    assert sent(plan_connection(desired(secrets={"api_key": ""}), actual(), Options())) == {"api_key": ""}


def test_what_only_a_new_connection_gets_is_neither_compared_nor_sent_to_another() -> None:
    wanted = desired(config_on_create={"enable_exports": False})
    assert not plan_connection(wanted, actual({"enable_exports": True}), Options()).is_change
    creation = plan_connection(wanted, None, Options()).creation
    assert creation is not None
    assert creation["config"]["enable_exports"] is False


# Started, tested


@pytest.mark.parametrize(
    ("paused", "options", "held", "expected"),
    [
        # paused by a person, with an earlier sync
        (None, {}, {}, (False, False)),
        (None, {"start_if_never_synced": True}, {}, (False, False)),
        (None, {"start_if_never_synced": True}, {"succeeded_at": None, "failed_at": SYNCED}, (False, False)),
        (False, {}, {}, (True, False)),
        (True, {}, {}, (False, False)),
        # never synced
        (None, {}, {"succeeded_at": None}, (False, False)),
        (None, {"start_if_never_synced": True}, {"succeeded_at": None}, (True, True)),
        (None, {"start_if_never_synced": True, "run_setup_tests": "never"}, {"succeeded_at": None}, (False, False)),
        (True, {"start_if_never_synced": True}, {"succeeded_at": None}, (False, False)),
    ],
)
def test_a_paused_connection_is_started_where_somebody_says_so_or_where_its_creation_was_interrupted(
    paused: bool | None, options: dict[str, Any], held: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    change = plan_connection(desired(paused=paused), actual(paused=True, **held), Options(**options))
    assert (change.starts, change.tests) == expected
    assert change.is_change is change.starts
    assert change.foretold()["paused"] is not change.starts


def test_a_first_sync_that_is_running_is_one() -> None:
    held = actual(paused=True, succeeded_at=None, status={"setup_state": "connected", "sync_state": "syncing"})
    assert not plan_connection(desired(), held, Options(start_if_never_synced=True)).is_change


@pytest.mark.parametrize(("state", "starts"), [("incomplete", False), ("connected", True)])
def test_without_tests_only_what_is_connected_already_is_started(state: str, starts: bool) -> None:
    held = actual(None, state, paused=True)
    change = plan_connection(desired(paused=False), held, Options(run_setup_tests="never"))
    assert (change.start, change.starts, change.is_change) == (True, starts, starts)


def test_a_new_connection_is_foretold_as_it_will_be() -> None:
    for paused, options, stays in ((None, {}, False), (True, {}, True), (None, {"run_setup_tests": "never"}, True)):
        change = plan_connection(desired(paused=paused), None, Options(**options))
        assert change.creation is not None
        assert change.creation["paused"] is True
        assert change.foretold()["paused"] is stays
        assert [item.after for item in change.found if item.name == "paused"] == [stays]


# Protected


def test_another_value_of_what_is_protected_is_refused_with_both_and_the_way_out() -> None:
    options = Options(protected=("api_url", "cloud_storage_type", "s3bucket"))
    held = actual({"s3bucket": "other", "api_url": "https://rest.fra-01.braze.eu"})
    with pytest.raises(OnrampError) as refused:
        refuse_protected(plan_connection(desired(), held, options))
    assert refused.value.failure.code == "protected_field"
    for words in (
        "config.api_url (fivetran_connection_api_url in the role): connection speak_inexpensive has",
        "config.s3bucket (fivetran_connection_bucket in the role)",
        "'other' and 'acme' is wanted",
        "fivetran_connection_adopt: true",
    ):
        assert words in refused.value.msg


@pytest.mark.parametrize(
    "stored", [{"s3bucket": None}, {"s3bucket": ""}, {"cloud_storage_type": "NONE"}, {"s3bucket": MASK}]
)
def test_what_is_protected_and_holds_nothing_that_can_be_seen_may_be_filled(stored: dict[str, Any]) -> None:
    options = Options(protected=("cloud_storage_type", "s3bucket"), update_secrets="always")
    refuse_protected(plan_connection(desired(), actual(stored), options))


def test_a_mistake_in_a_connection_that_has_never_read_anything_is_corrected() -> None:
    unfinished = actual({"s3bucket": "typo"}, "incomplete", paused=True, succeeded_at=None)
    options = Options(protected=("s3bucket",))
    assert sent(plan_connection(desired(), unfinished, options)) == {"s3bucket": "acme"}
    for held in ({"paused": False}, {"succeeded_at": SYNCED}, {"status": {"setup_state": "connected"}}):
        assert plan_connection(desired(), {**unfinished, **held}, options).protected != ()
    refuse_protected(plan_connection(desired(), unfinished, options))


# What is checked


def test_what_is_sent_for_the_first_time_is_checked_and_what_is_sent_again_is_not() -> None:
    always = Options(update_secrets="always")
    assert not plan_connection(desired(), actual(), always).needs_metadata
    assert plan_connection(desired(), actual({"s3folder": "other"}), always).needs_metadata
    assert plan_connection(desired(), None, Options()).needs_metadata
    with pytest.raises(InvalidArgument, match="no such field"):
        plan_connection(desired(config_on_create={"nonsense": 1}), None, Options(), {"properties": {"nonsence": {}}})


# What holds of every plan

texts = st.none() | st.text("abc/_", max_size=4)
SECRET = ("api_key", "s3role_arn")
PLAIN = ("api_url", "cloud_storage_type", "s3bucket", "s3folder", "enable_exports")
wanted_configs = st.fixed_dictionaries(
    {},
    optional={**dict.fromkeys(PLAIN, texts | st.booleans()), "s3role_arn": st.sampled_from((None, "", ROLE))},
)
configs = st.dictionaries(
    st.sampled_from((*PLAIN, *SECRET, "gcs_folder")),
    texts | st.booleans() | st.integers(0, 2) | st.just(MASK),
)
connections = st.none() | st.builds(
    actual,
    configs,
    st.sampled_from(("connected", "incomplete", "broken")),
    paused=st.booleans(),
    succeeded_at=st.sampled_from((None, SYNCED)),
    sync_frequency=st.sampled_from((None, 60, 360)),
    pause_after_trial=st.sampled_from((None, False, True)),
)
wanted = st.builds(
    desired,
    config=wanted_configs,
    secrets=st.sampled_from(({}, {"api_key": "the-braze-key"})),
    paused=st.sampled_from((None, False, True)),
    fields=st.fixed_dictionaries(
        {}, optional={"sync_frequency": st.sampled_from((60, 360)), "pause_after_trial": st.booleans()}
    ),
)
ways = st.builds(
    Options,
    update_secrets=st.sampled_from(("on_create", "on_test_failure")),
    run_setup_tests=st.sampled_from(("on_change", "always", "never")),
    start_if_never_synced=st.booleans(),
)


def stored(connection: Mapping[str, Any], change: ConnectionPlan, returns: str) -> dict[str, Any]:
    """Return what Fivetran shows of a connection that has become what was foretold.

    ``returns``: "everything", "nothing empty", or "no secret".
    """
    config = {name: MASK if value and name in SECRET else value for name, value in connection["config"].items()}
    if returns == "nothing empty":
        config = {name: value for name, value in config.items() if value not in (None, "", False)}
    if returns == "no secret":
        config = {name: value for name, value in config.items() if name not in SECRET}
    state = "connected" if change.tests or change.creation is None else "incomplete"
    status = connection.get("status") or {"setup_state": state, "sync_state": "scheduled"}
    return {**connection, "id": "speak_inexpensive", "config": config, "status": status}


@given(wanted, connections, ways, st.sampled_from(("everything", "nothing empty")))
def test_after_a_plan_was_carried_out_the_next_one_is_empty(
    want: DesiredConnection, held: dict[str, Any] | None, options: Options, returns: str
) -> None:
    change = plan_connection(want, held, options)
    again = plan_connection(want, stored(change.foretold(), change, returns), options)
    assert (again.is_change, again.found) == (False, ())


@given(wanted, connections, ways)
def test_what_is_not_returned_keeps_no_plan_alive(
    want: DesiredConnection, held: dict[str, Any] | None, options: Options
) -> None:
    change = plan_connection(want, held, options)
    after = stored(change.foretold(), change, "no secret")
    connected = {**after, "status": {**after["status"], "setup_state": "connected"}}
    assert plan_connection(want, connected, options).config == ()


@given(wanted, connections, ways, st.randoms())
def test_a_plan_does_not_depend_on_the_order_of_anything(
    want: DesiredConnection, held: dict[str, Any] | None, options: Options, random: Any
) -> None:
    def shuffled(data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        items = list(data.items())
        random.shuffle(items)
        return {name: shuffled(value) for name, value in items}

    other = desired(
        config=shuffled(want.config), secrets=shuffled(want.secrets), fields=shuffled(want.fields), paused=want.paused
    )
    assert plan_connection(other, shuffled(held), options) == plan_connection(want, held, options)


@given(wanted, connections, ways)
def test_no_plan_sends_a_mask_or_what_nobody_asked_for(
    want: DesiredConnection, held: dict[str, Any] | None, options: Options
) -> None:
    change = plan_connection(want, held, options)
    assert MASK not in sent(change).values()
    assert {item.name for item in change.config} <= set(want.whole_config)
    assert {item.name for item in change.fields} <= {*want.fields, "paused"}
