# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event sources are refused by name, and are those that their documentation names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events import options
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import (
    is_enabled,
    seconds_of,
    status_options,
    webhook_options,
)

from tests.collection import CHECKOUT

SOURCES = CHECKOUT / "extensions" / "eda" / "plugins" / "event_source"
SECRET = "a-secret-of-a-webhook"
KEYS = {"fivetran_api_key": "kEyOfFivetran1", "fivetran_api_secret": "sEcretOfFivetran1"}


def documented(path: Path) -> dict[str, Any]:
    text = path.read_text().partition('DOCUMENTATION = r"""')[2].partition('"""')[0]
    loaded: dict[str, Any] = yaml.safe_load(text)["options"]
    return loaded


@pytest.mark.parametrize(
    ("name", "known"),
    [("fivetran_webhook", options._WEBHOOK), ("fivetran_status", options._STATUS), ("every", options._EVERY)],
)
def test_what_is_documented_is_what_there_is(name: str, known: dict[str, Any]) -> None:
    written = documented(SOURCES / f"{name}.py")
    assert set(written) == set(known)
    defaults = {option: value["default"] for option, value in written.items() if "default" in value}
    named = {"fivetran_api_url": options.URL}
    assert {option: known[option] if known[option] is not None else named[option] for option in defaults} == defaults


def test_what_is_not_given_has_its_default() -> None:
    found = webhook_options({"port": 5000}, {"ONRAMP_WEBHOOK_SECRET": SECRET})
    assert (found.host, found.port, found.path, found.secrets) == ("127.0.0.1", 5000, "/fivetran", (SECRET,))
    looking = status_options({}, {"FIVETRAN_APIKEY": "kEyOfFivetran1", "FIVETRAN_APISECRET": "sEcretOfFivetran1"})
    assert (looking.key, looking.url, looking.interval) == ("kEyOfFivetran1", options.URL, 60)


def test_what_the_rulebook_adds_is_no_option_of_a_person() -> None:
    assert webhook_options({"port": "5000", "secret": SECRET, "eda_feedback_queue": object()}, {}).port == 5000


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({}, "port"),
        ({"port": 70000}, "port"),
        ({"port": True}, "port"),
        ({"port": "http"}, "port"),
        ({"secret": None}, "secret"),
        ({"secret": "short"}, "secret"),
        ({"secret": [SECRET, 1]}, "secret"),
        ({"path": "fivetran"}, "path"),
        ({"certfile": "/a.pem"}, "certfile"),
        ({"keyfile": "/a.pem"}, "certfile"),
        ({"kinds": ["borken"]}, "kinds"),
        ({"max_body": 1}, "max_body"),
        ({"gather": -1}, "gather"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"hots": "0.0.0.0"}, "hots"),
    ],
)
def test_a_wrong_argument_of_the_receiver_is_refused_by_name(given: dict[str, Any], option: str) -> None:
    base = {"secret": SECRET, **({} if option == "port" else {"port": 5000})}
    with pytest.raises(InvalidArgument) as refused:
        webhook_options({**base, **given}, {})
    assert str(refused.value).startswith(f"{option}: ")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"fivetran_api_key": None}, "fivetran_api_key"),
        ({"fivetran_api_secret": "Bearer x"}, "fivetran_api_secret"),
        ({"interval": 1}, "interval"),
        ({"groups": [1]}, "groups"),
        ({"service": "braze"}, "service"),
    ],
)
def test_a_wrong_argument_of_the_watcher_is_refused_by_name(given: dict[str, Any], option: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        status_options({**KEYS, **given}, {})
    assert str(refused.value).startswith(f"{option}: ")


@pytest.mark.parametrize(
    ("given", "switched_on"),
    [({}, True), ({"enabled": None}, True), ({"enabled": "True"}, True), ({"enabled": False}, False)],
)
def test_a_source_can_be_switched_off_by_a_variable(given: dict[str, Any], switched_on: bool) -> None:
    # Whatever its other options are.
    assert is_enabled({"port": 0, **given}) is switched_on


def test_what_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^enabled: expected true or false, got 5000[.]"):
        is_enabled({"enabled": 5000})


def test_how_often_is_a_number_of_seconds() -> None:
    assert (seconds_of({"seconds": "86400"}), seconds_of({"seconds": 0})) == (86400, 0)
    for given in ({}, {"seconds": -1}, {"seconds": 1, "minutes": 1}):
        with pytest.raises(InvalidArgument):
            seconds_of(given)
