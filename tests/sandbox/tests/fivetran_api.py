# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's Fivetran and Braze alone, and how the tests of them talk to Fivetran."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.sandbox.braze import Braze
from tests.sandbox.contract import DOCUMENT, check
from tests.sandbox.core import Hub
from tests.sandbox.fivetran import Fivetran
from tests.sandbox.tests.serving import serving

OWNER = ("key-owner", "secret-owner-4d5e6f")
READER = ("key-reader", "secret-reader-7a8b9c")
SCOPED = ("key-scoped", "secret-scoped-1d2e3f")
STRANGER = ("key-stranger", "secret-stranger-0a1b2c")
GROUP, OTHER_GROUP, FOREIGN_GROUP = "calm_river", "loud_forest", "foreign_field"
BRAZE_KEY = "braze-key-of-the-tests-31f0aa"
ACCEPT = {"Accept": "application/json;version=2"}


class Api:
    """One run of the server, as clients see it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.braze = Braze(hub)
        self.server = Fivetran(hub)

    def reset(self) -> None:
        """Begin again: two groups of one account, one of another, four keys."""
        self.braze.reset()
        self.server.reset()
        self.hub.reset()
        self.braze.control_create_key(BRAZE_KEY)
        for name, (key, secret) in {"owner": OWNER, "reader": READER, "scoped": SCOPED, "stranger": STRANGER}.items():
            account = "another" if name == "stranger" else "acme_account"
            groups = [OTHER_GROUP] if name == "scoped" else None
            self.server.control_add_account_key(
                key, secret, name, account, can_create=name != "reader", groups=groups, system=name == "scoped"
            )
        self.server.control_add_group(GROUP, "Warehouse", service_account="g-calm@fivetran-17.iam.gserviceaccount.com")
        self.server.control_add_group(OTHER_GROUP, "Other", destination="incomplete")
        self.server.control_add_group(FOREIGN_GROUP, "Foreign", account="another")

    def call(self, method: str, path: str, body: Any = None, key: tuple[str, str] = OWNER, **query: Any) -> Any:
        """Return the answer to a well-formed request."""
        return requests.request(
            method,
            f"{self.server.url}/v1{path}",
            json=body,
            params=query,
            auth=key,
            headers=ACCEPT,
            timeout=10,
        )

    def get(self, path: str, key: tuple[str, str] = OWNER, **query: Any) -> Any:
        """Return ``data`` of a GET that succeeds."""
        return self.data("GET", path, key=key, **query)

    def data(self, method: str, path: str, body: Any = None, key: tuple[str, str] = OWNER, **query: Any) -> Any:
        """Return ``data`` of a call that succeeds."""
        answer = self.call(method, path, body, key, **query)
        assert answer.status_code in (200, 201), answer.text
        assert answer.json()["code"] == "Success"
        return answer.json().get("data")

    def refusal(self, method: str, path: str, body: Any = None, key: tuple[str, str] = OWNER, **query: Any) -> Any:
        """Return status and code of a call that is refused."""
        answer = self.call(method, path, body, key, **query)
        assert set(answer.json()) == {"code", "message"}
        return answer.status_code, answer.json()["code"]

    def config(self, **changes: Any) -> dict[str, Any]:
        """Return the config of a Braze connection whose setup tests pass."""
        config = {"schema": "braze", "api_url": self.braze.url, "api_key": BRAZE_KEY, "cloud_storage_type": "NONE"}
        return {**config, **changes}

    def creation(self, config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Return the body of a creation; ``config`` changes the config."""
        return {"group_id": GROUP, "service": "braze", "config": self.config(**config or {}), **fields}

    def create(self, config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Create a connection."""
        created: dict[str, Any] = self.data("POST", "/connections", self.creation(config, **fields))
        return created

    def stored(self, connection_id: str) -> dict[str, Any]:
        """Return the connection as the server keeps it."""
        return self.server.connections[connection_id]


@contextmanager
def running_api() -> Iterator[Api]:
    """Run the servers within the context."""
    api = Api(Hub())
    with serving(api.hub):
        yield api


def successes_keep_the_contract(api: Api) -> None:
    """Hold every call that succeeded against Fivetran's OpenAPI document, where that is at hand."""
    if DOCUMENT.exists():
        succeeded = [entry for entry in api.hub.journal if entry.status is not None and entry.status < 300]
        assert check(succeeded) == []
