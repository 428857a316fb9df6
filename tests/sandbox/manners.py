# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server behaves where the vendor's documents leave it open, contradict each other, or the recorded traffic.

Each manner has a closed list of choices. The first one is the server's default: what is on record, or else what is
likelier. What uses the sandbox has to work under every choice of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Manner(NamedTuple):
    """One open question. ``choices``: its answers, the default first; ``evidence``: where they come from."""

    about: str
    choices: tuple[Any, ...]
    evidence: str


FIVETRAN: Mapping[str, Manner] = {
    "delete_status": Manner(
        "status of a DELETE that succeeds; 204 has no body",
        (200, 204),
        "OpenAPI document and SDK: 200; page on response codes: 204",
    ),
    "duplicate_status": Manner(
        "status of a creation whose schema name is taken", (409, 400), "not documented; both occur for other conflicts"
    ),
    "no_schemas_code": Manner(
        "code of the 404 before the first reload of schemas",
        ("NotFound_SchemaConfig", "NotFound"),
        "OpenAPI document; a log of 2024",
    ),
    "incomplete_state": Manner(
        "sync_state of an unpaused connection that is not connected",
        ("scheduled", "paused"),
        "recorded by the vendor's SDK; paused is what earlier clients assumed",
    ),
    "broken_until": Manner(
        "how a broken connection becomes connected again once its setup tests pass",
        ("a_sync_succeeds", "its_tests_pass"),
        "four public issues of Airflow's provider; the page on setup tests",
    ),
    "passed_message": Manner(
        "message of a setup test that has passed", ("empty", "absent"), "recorded answers; OpenAPI document"
    ),
    "test_details": Manner(
        "details of a setup test that has failed",
        ("text", "list", "object", "absent"),
        "recorded text; the Terraform provider's changelog; OpenAPI document",
    ),
    "folder": Manner("how a folder is stored", ("as_sent", "normalized"), "not documented"),
    "time_frame": Manner(
        "historic_sync_time_frame in a creation",
        ("refused", "ignored", "accepted"),
        "Braze changelog of September 2025: no longer supported; accepted is what was before",
    ),
    "empty_values": Manner(
        "fields of a config that are empty", ("absent", "shown"), "the Terraform provider's changelog; OpenAPI document"
    ),
    "export_external_id": Manner(
        "s3_export_external_id in answers",
        ("with_exports", "always"),
        "seen by the Terraform provider where profiles are exported to S3",
    ),
    "patched_schemas": Manner(
        "what PATCH /schemas answers with",
        ("what_was_applied", "everything"),
        "the Terraform provider; OpenAPI document",
    ),
    "schema_enabled": Manner(
        "enabled at each level of PATCH /schemas",
        ("optional", "required"),
        "sent by the Terraform provider only where it changes; OpenAPI document",
    ),
    "sync_mode": Manner("sync_mode of a table", ("shown", "absent"), "OpenAPI document; the provider's changelog"),
    "unknown_fields": Manner(
        "fields that no document names, such as schedule", ("absent", "shown"), "alpha fields of the Terraform provider"
    ),
    "destination_status": Manner(
        "setup_status of a destination",
        ("lower_case", "upper_case"),
        "recorded payloads, SDK, examples of the OpenAPI document; its enumeration",
    ),
    "destination_config": Manner(
        "config of a destination, with masked secrets", ("shown", "absent"), "response examples of the OpenAPI document"
    ),
    "destination_networking": Manner(
        "networking_method of a destination", ("Directly", None), "OpenAPI document; the Terraform provider's changelog"
    ),
    "enumerations": Manner(
        "choices of a config in answers",
        ("as_sent", "upper_snake_case"),
        "OpenAPI document; the Terraform provider's changelog",
    ),
    "unversioned": Manner(
        "connections and destinations for a request that does not accept version 2",
        ("version_2", "error"),
        "default of the OpenAPI document; HTTP 500 in older accounts, in a change to Airflow's provider of 2023",
    ),
    "histories": Manner(
        "/errors and /sync-history of a connection", ("answered", "unknown"), "new in November 2026, not everywhere yet"
    ),
}
# Nothing but what is posted to webhooks.
FIVETRAN_EVENTS: Mapping[str, Manner] = {
    "connection_events": Manner(
        "what connection_failure and connection_successful are posted after",
        ("with_setup_tests", "with_changes"),
        "page on logs: their data count setup tests; their names alone",
    ),
    "event_names": Manner(
        "how an event names its connection: connector_id, connection_id, or both",
        ("connector", "both", "connection"),
        "recorded payloads of 2023 and 2026; page on logs since connectors are called connections",
    ),
    "webhook_signature": Manner(
        "hexadecimal digits of X-Fivetran-Signature-256",
        ("upper_case", "lower_case"),
        "the vendor's own example compares without regard to case; receivers in public code expect either",
    ),
}
BRAZE: Mapping[str, Manner] = {
    "refusal_status": Manner(
        "status where a permission is missing", (403, 401), "three production clients; the page on errors"
    ),
    "refusal_text": Manner(
        "text where a permission is missing, with 403",
        ("no_permission", "not_authorized"),
        "both are on record",
    ),
    "account": Manner("what is wrong with the account", ("active", "inactive", "no_plan"), "API overview"),
    "feed_status": Manner("status of the News Feed's endpoints", (404, 200, 410), "retired by Braze"),
    "feed_unrouted": Manner(
        "whether the News Feed is gone before the key is looked at", (True, False), "a live probe of an unknown path"
    ),
    "allowlist_status": Manner("status of a call from an address that is not allowed", (403, 401), "not documented"),
}


class Manners:
    """The choices of one server; attributes are the names of its manners."""

    def __init__(self, known: Mapping[str, Manner]) -> None:
        self._known = known
        self._chosen = {name: manner.choices[0] for name, manner in known.items()}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_chosen"][name]
        except KeyError:
            raise AttributeError(name) from None

    def choose(self, **choices: Any) -> None:
        """Choose; what is not named stays.

        :raises ValueError: for a manner or a choice that does not exist.
        """
        for name, choice in choices.items():
            if name not in self._known:
                raise ValueError(f"no such manner: {name}; there are {', '.join(self._known)}")
            accepted = self._known[name].choices
            # 1 == True in Python.
            if not any(choice == known and type(choice) is type(known) for known in accepted):
                raise ValueError(f"{name} is one of {', '.join(map(repr, accepted))}, not {choice!r}")
        self._chosen.update(choices)


def others(known: Mapping[str, Manner]) -> Iterator[tuple[str, Any]]:
    """Yield each choice that is no default, with the name of its manner."""
    for name, manner in known.items():
        yield from ((name, choice) for choice in manner.choices[1:])
