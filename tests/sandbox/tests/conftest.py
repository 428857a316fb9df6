# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the sandbox's Fivetran share: the server, and a connection in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.listener import Listener, listening
from tests.sandbox.tests.fivetran_api import Api, running_api, successes_keep_the_contract


@pytest.fixture(scope="module")
def running_fivetran() -> Iterator[Api]:
    """Run the servers for the tests of one file."""
    with running_api() as api:
        yield api


@pytest.fixture
def api(running_fivetran: Api) -> Iterator[Api]:
    """Give the servers as they are at the beginning; hold what succeeded against the contract afterwards."""
    running_fivetran.reset()
    yield running_fivetran
    successes_keep_the_contract(running_fivetran)


@pytest.fixture
def path(api: Api) -> str:
    """Make a connection that may sync; return its path."""
    return f"/connections/{api.create()['id']}"


@pytest.fixture
def listener(api: Api) -> Iterator[Listener]:
    """Listen where webhooks may post to; syncs take no time."""
    with listening() as known:
        api.server.control_trust(known.authority)
        api.server.control_set_pace(sync_seconds=0.02)
        yield known
