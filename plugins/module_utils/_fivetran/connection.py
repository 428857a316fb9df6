# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Bring a connection to its desired state: find, create or adopt, update, test, start, remove."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._difference import Difference, before_and_after, differences, holds_mask
from .._errors import Failure, InvalidArgument, OnrampError
from .._http import HttpError
from .._module import Result, Task
from .._options import LONGEST_TIMEOUT, check_number
from .._redact import REDACTED, Redactor
from .._waiting import duration, until
from . import braze_config
from .client import FivetranClient, JsonObject, client_from_params
from .desired import FIELDS_THAT_NEED_TESTS, STORED_FIELDS, Desired
from .destination import is_connected
from .metadata import config_errors, password_fields
from .setup_tests import Verdict, judge

# Shown by the results of the connection modules, as Fivetran names them.
RETURNED_FIELDS = (
    "id", "group_id", "service", "schema", *STORED_FIELDS, "destination_schema_names", "created_at", "succeeded_at",
    "failed_at", "config", "status",
)  # fmt: skip

FIRST_TEST_WAIT = 2.0
LONGEST_TEST_WAIT = 30.0
MOST_TEST_RETRIES = 1000
# A creation whose answer was lost may take a moment to become visible.
LOOK_UPS_AFTER_LOST_ANSWER = 3
FORBIDDEN = 403


@dataclass(frozen=True)
class Options:
    """How to get there: the module's options that Fivetran does not store."""

    update_secrets: str
    run_setup_tests: str
    failing_statuses: tuple[str, ...]
    setup_test_timeout: float
    setup_test_retries: int
    trust: Mapping[str, bool]
    first_sync: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """Read the module's options.

        :raises InvalidArgument: a number that makes no sense.
        """
        return cls(
            update_secrets=params["update_secrets"],
            run_setup_tests=params["run_setup_tests"],
            failing_statuses=tuple(params["failing_test_statuses"]),
            setup_test_timeout=float(
                check_number("setup_test_timeout", params["setup_test_timeout"], 1, LONGEST_TIMEOUT)
            ),
            setup_test_retries=check_number("setup_test_retries", params["setup_test_retries"], 0, MOST_TEST_RETRIES),
            trust={name: params[name] for name in ("trust_certificates", "trust_fingerprints") if params[name]},
            first_sync=params["trigger_first_sync"],
        )


@dataclass
class Outcome:
    """What was found and done, step by step; turned into the module's result at the end or in an error."""

    actual: JsonObject | None = None
    created: bool = False
    found: list[Difference] = field(default_factory=list)
    verdict: Verdict | None = None
    changed: bool = False


class Connection:
    """One run over one connection."""

    def __init__(
        self,
        client: FivetranClient,
        desired: Desired,
        options: Options,
        *,
        check_mode: bool = False,
        warn: Callable[[str], None] = lambda _message: None,
        progress: Callable[[str], None] = lambda _message: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.desired = desired
        self.options = options
        self.check_mode = check_mode
        self.warn = warn
        self.progress = progress
        self.sleep = sleep
        self.outcome = Outcome()
        self._redactor = Redactor([value for value in desired.secrets.values() if isinstance(value, str)])

    # The two states

    def ensure_present(self) -> Result:
        """Create or adopt the connection, send what differs, test it, start it."""
        try:
            self._ensure_present()
        except HttpError as error:
            if error.failure.status != 404 or self.outcome.created or self.outcome.actual is None:
                raise self._with_result(error) from None
            # Somebody removed it between the look-up and the change: begin again, once.
            self.outcome = Outcome()
            self._ensure_present()
        except OnrampError as error:
            raise self._with_result(error) from None
        return self.result()

    def ensure_absent(self) -> Result:
        """Remove the connection if it is there."""
        actual = self.find()
        if actual is not None and not self.check_mode:
            self.client.delete_connection(str(actual["id"]))
        header = self._header(actual)
        return {
            "changed": actual is not None,
            "connection": None,
            "diff": {
                "before_header": header,
                "after_header": header,
                "before": {} if actual is None else self._view(actual),
                "after": {},
            },
        }

    def find(self) -> JsonObject | None:
        """Return the connection that the identity names: by id, or by group, service and schema.

        :raises OnrampError: where the name belongs to another service, or a permanent field differs.
        """
        if self.desired.connection_id:
            actual = self.client.connection(self.desired.connection_id)
            if actual is not None:
                self._check_permanent(actual)
            return actual
        rows = [
            row
            for row in self.client.connections(group_id=self.desired.group_id, schema=self.desired.schema)
            if row.get("schema") == self.desired.schema and row.get("group_id") == self.desired.group_id
        ]
        for row in rows:
            if row.get("service") == self.desired.service:
                return row
        if rows:
            msg = (
                f"schema: {self.desired.schema!r} is taken in group {self.desired.group_id} by a connection of service"
                f" {rows[0].get('service')} (id {rows[0].get('id')}). A schema name is unique in its group and"
                " permanent: choose another one."
            )
            raise OnrampError(msg=msg, failure=Failure(code="schema_taken", message=msg))
        return None

    # Present, step by step

    def _ensure_present(self) -> None:
        actual = self.find()
        if actual is None and self.desired.connection_id:
            msg = f"There is no connection {self.desired.connection_id} that this API key can see."
            raise OnrampError(msg=msg, failure=Failure(code="NotFound_Connection", message=msg))
        if actual is None:
            self._create()
        else:
            self.outcome.actual = actual
            self._update(actual)
        if not self.check_mode:
            self._test()
            self._start()

    def _create(self) -> None:
        self.desired.check_fields(None)
        self._check_config()
        self._warn_of_destination(str(self.desired.group_id))
        body = self.desired.creation_body()
        outcome = self.outcome
        outcome.created = outcome.changed = True
        shown = {name: value for name, value in body.items() if name not in ("config", "run_setup_tests", "paused")}
        shown["paused"] = bool(self.desired.paused)
        outcome.found = [
            *differences(shown, {}),
            *_prefixed(differences(body["config"], {}, secrets=self.desired.secrets)),
        ]
        if self.check_mode:
            outcome.actual = {**shown, "id": None, "schema": self.desired.schema, "config": body["config"]}
            return
        try:
            outcome.actual = self.client.create_connection(body)
        except HttpError as error:
            actual = outcome.actual = self._find_after(error)
            if not error.may_have_been_processed:
                # A duplicate: somebody else made it, with settings and secrets of their own.
                outcome.created, outcome.changed, outcome.found = False, False, []
            self._update(actual)

    def _warn_of_destination(self, group_id: str) -> None:
        destination = self.client.destination(group_id)
        if is_connected(destination):
            return
        state = "does not exist yet" if destination is None else f"is {destination.get('setup_status')}"
        self.warn(
            f"The destination of group {group_id} {state}, not connected: the connection is made, but nothing syncs"
            " until the destination has been set up in Fivetran."
        )

    def _find_after(self, error: HttpError) -> JsonObject:
        """Look for the connection after a creation that ended in doubt or as a duplicate; never create again."""
        if not error.may_have_been_processed and error.failure.status not in (400, 409):
            raise error
        for attempt in range(LOOK_UPS_AFTER_LOST_ANSWER if error.may_have_been_processed else 1):
            if attempt:
                self.sleep(FIRST_TEST_WAIT * attempt)
            actual = self.find()
            if actual is not None:
                return actual
        raise error

    def _update(self, actual: JsonObject) -> None:
        desired, outcome = self.desired, self.outcome
        desired.check_fields(actual)
        self._check_permanent(actual)
        fields = differences(self._fields_to_send(), actual)
        config = differences(
            desired.whole_config,
            _config(actual),
            secrets=desired.secrets,
            send_masked=self.options.update_secrets == "always" and not outcome.created,
        )
        if actual.get("service") == braze_config.SERVICE:
            config = [item for item in config if not braze_config.means_the_same(item.name, item.after, item.before)]
        if config:
            self._check_config()
        self._patch(fields, config)
        if self.check_mode:
            would_connect = self._needs_tests(actual) and _setup_state(actual) != "connected"
            if self._would_start(actual):
                outcome.found.append(Difference("paused", before=True, after=False))
                outcome.actual = {**(outcome.actual or {}), "paused": False}
            outcome.changed = outcome.changed or self._would_start(actual) or would_connect

    def _fields_to_send(self) -> dict[str, Any]:
        # Pausing may happen at once; starting waits for the tests.
        return {**self.desired.fields, **({"paused": True} if self.desired.paused else {})}

    def _patch(self, fields: list[Difference], config: list[Difference]) -> None:
        """Send the differences and remember them; in check mode, predict what would come back."""
        if not fields and not config:
            return
        outcome = self.outcome
        actual = outcome.actual or {}
        body: JsonObject = {item.name: item.after for item in fields}
        if config:
            body["config"] = {item.name: item.after for item in config}
        if self.check_mode:
            outcome.actual = {**actual, **body, "config": {**_config(actual), **body.get("config", {})}}
        else:
            outcome.actual = self.client.update_connection(str(actual["id"]), {**body, "run_setup_tests": False})
        outcome.changed = True
        outcome.found += [*fields, *_prefixed(config)]

    def _check_config(self) -> None:
        service = self.desired.service or str((self.outcome.actual or {}).get("service"))
        schema = self._config_schema(service)
        if not isinstance(schema, dict):
            return
        errors = config_errors(schema, self.desired.whole_config)
        if errors:
            raise InvalidArgument(" ".join(errors))
        secrets = password_fields(schema)
        exposed = sorted(name for name in secrets & set(self.desired.config) if not _is_role(self.desired.config[name]))
        if exposed:
            self.warn(
                f"config: {', '.join(exposed)} {'is a secret' if len(exposed) == 1 else 'are secrets'} of this service."
                " Give it in config_secrets instead, because Ansible prints config with -vvv and on failure."
            )

    def _config_schema(self, service: str) -> Any:
        """Return the JSON schema of a service's config; None if the key may not read it, which is warned about.

        :raises InvalidArgument: there is no such service.
        """
        try:
            metadata = self.client.service_metadata(service)
        except HttpError as error:
            if error.failure.status != FORBIDDEN:
                raise
            self.warn(
                f"config: is not checked, because this API key may not read what service {service} accepts; a system"
                " key needs rights on the account for that."
            )
            return None
        if metadata is None:
            raise InvalidArgument(f"service: Fivetran has no service {service!r}.")
        return metadata.get("config")

    # Tests

    def _needs_tests(self, actual: JsonObject) -> bool:
        if self.options.run_setup_tests != "on_change":
            return self.options.run_setup_tests == "always"
        touched = any(item.name in FIELDS_THAT_NEED_TESTS or "." in item.name for item in self.outcome.found)
        return self.outcome.created or touched or _setup_state(actual) != "connected"

    def _test(self) -> None:
        outcome = self.outcome
        before = outcome.actual or {}
        if not self._needs_tests(before):
            return
        deadline = time.monotonic() + self.options.setup_test_timeout
        schema = before.get("schema")
        self.progress(running_tests(str(schema), self.options.setup_test_timeout))
        verdict = self._run_tests(deadline)
        if not verdict.passed and self._may_send_secrets_again(before):
            stored = _config(before)
            again = {name: value for name, value in self.desired.whole_config.items() if name in _masked(stored)}
            self._patch([], differences(again, stored, secrets=self.desired.secrets, send_masked=True))
            verdict = self._run_tests(deadline)
        for retry in range(self.options.setup_test_retries):
            wait = min(LONGEST_TEST_WAIT, FIRST_TEST_WAIT * 2**retry) * random.uniform(0.5, 1.0)
            can_pass = outcome.changed or verdict.may_be_propagation
            if verdict.passed or not can_pass or time.monotonic() + wait > deadline:
                break
            self.progress(
                f"the setup tests of {schema} have not passed yet ({self._redactor.text(verdict.summary())}); trying"
                f" again in {duration(wait)}, until {until(deadline - time.monotonic())}"
            )
            self.sleep(wait)
            verdict = self._run_tests(deadline)
        if not verdict.passed:
            raise self._tests_failed(verdict)
        if _setup_state(before) != "connected" and _setup_state(outcome.actual or {}) == "connected":
            outcome.changed = True

    def _run_tests(self, deadline: float) -> Verdict:
        connection_id = str((self.outcome.actual or {})["id"])
        answer = self.client.run_setup_tests(
            connection_id, dict(self.options.trust), timeout=max(1.0, deadline - time.monotonic())
        )
        self.outcome.actual = {**(self.outcome.actual or {}), **answer}
        self.outcome.verdict = judge(answer, self.options.failing_statuses)
        return self.outcome.verdict

    def _may_send_secrets_again(self, before: JsonObject) -> bool:
        unsent = not self.outcome.created and self.options.update_secrets == "on_test_failure"
        return unsent and bool(_masked(_config(before)) & set(self.desired.whole_config))

    def _tests_failed(self, verdict: Verdict) -> OnrampError:
        actual = self.outcome.actual or {}
        state = "stays paused" if actual.get("paused") else "was running before and is not touched"
        msg = (
            f"The setup tests of connection {actual.get('id')} ({actual.get('service')}, schema"
            f" {actual.get('schema')}) did not pass, so it {state}. {verdict.summary()}."
            " Correct what the tests name and run again; the same run continues where this one stopped."
        )
        msg = self._redactor.text(msg)
        return OnrampError(msg=msg, failure=Failure(code="setup_tests_failed", message=verdict.summary()))

    # Start

    def _would_start(self, actual: JsonObject) -> bool:
        return self.desired.paused is False and bool(actual.get("paused"))

    def _start(self) -> None:
        outcome = self.outcome
        actual = outcome.actual or {}
        wanted = self.desired.paused is False or (self.desired.paused is None and outcome.created)
        if not wanted or not actual.get("paused"):
            return
        if _setup_state(actual) != "connected":
            self.warn(
                f"Connection {actual.get('id')} stays paused, because Fivetran does not call it connected: its"
                f" setup_state is {_setup_state(actual)}."
            )
            return
        outcome.actual = {**actual, **self.client.update_connection(
            str(actual["id"]), {"paused": False, "run_setup_tests": False}
        )}  # fmt: skip
        if not outcome.created:
            outcome.found.append(Difference("paused", before=True, after=False))
        outcome.changed = True
        if outcome.created and self.options.first_sync:
            self.client.start_sync(str(actual["id"]))

    # Results

    def result(self) -> Result:
        """Return the module's result; it holds no secret."""
        outcome = self.outcome
        result: Result = {
            "changed": outcome.changed,
            "connection": None if outcome.actual is None else self._view(outcome.actual),
            "diff": before_and_after(outcome.found, self._header(outcome.actual)),
        }
        if outcome.verdict is not None:
            result["setup_tests"] = self._redactor.data([vars(test) for test in outcome.verdict.tests])
        return result

    def _view(self, actual: JsonObject) -> JsonObject:
        return view(actual, self._redactor, self.desired.secrets)

    def _with_result(self, error: OnrampError) -> OnrampError:
        if self.outcome.actual is None:
            return error
        known = self.result()
        known.pop("diff")
        return error.with_result(known)

    def _header(self, actual: JsonObject | None) -> str:
        desired = self.desired
        service = desired.service or (actual or {}).get("service")
        schema = desired.schema or (actual or {}).get("schema")
        return f"Fivetran connection {schema} ({service})"

    def _check_permanent(self, actual: JsonObject) -> None:
        wanted = {
            "group_id": self.desired.group_id,
            "service": self.desired.service,
            "schema": self.desired.schema,
            "destination_schema_names": self.desired.destination_schema_names,
        }
        for name, value in wanted.items():
            stored = actual.get(name)
            if value is not None and stored is not None and value != stored:
                msg = (
                    f"{name}: connection {actual.get('id')} has {stored!r} and {value!r} is wanted, but Fivetran never"
                    " changes it after creation. Either take the stored value, or remove the connection (state:"
                    " absent; its data in the warehouse stays) and create it again."
                )
                raise OnrampError(msg=msg, failure=Failure(code="permanent_field", message=msg))


def view(actual: JsonObject, redactor: Redactor, secrets: Mapping[str, Any]) -> JsonObject:
    """Return what the modules show of a connection: Fivetran's names and masks, no secret."""
    shown = {name: actual.get(name) for name in RETURNED_FIELDS}
    shown["config"] = {name: REDACTED if name in secrets else value for name, value in _config(actual).items()}
    shown["setup_state"] = _setup_state(actual) if actual.get("status") else None
    data: JsonObject = redactor.data(shown)
    return data


def waiting(params: Mapping[str, Any]) -> str:
    """Tell for how long the setup tests may be waited for; empty if they are not."""
    if params.get("state") != "present" or params.get("run_setup_tests") == "never":
        return ""
    return f"{running_tests(str(params.get('schema')), params['setup_test_timeout'])}, if they are needed"


def running_tests(schema: str, timeout: float) -> str:
    """Return what is waited for while the setup tests run."""
    return f"running the setup tests of {schema}, at most until {until(timeout)}"


def connection(task: Task) -> Result:
    """Do the work of ``fivetran_connection``."""
    desired = Desired.from_params(task.params)
    work = Connection(
        client_from_params(task.params, secrets=desired.secrets, clients=task.clients),
        desired,
        Options.from_params(task.params),
        check_mode=task.check_mode,
        warn=task.warn,
        progress=task.progress,
    )
    return work.ensure_present() if task.params["state"] == "present" else work.ensure_absent()


def _prefixed(found: list[Difference]) -> list[Difference]:
    return [replace(item, name=f"config.{item.name}") for item in found]


def _config(connection: JsonObject) -> JsonObject:
    config = connection.get("config")
    return config if isinstance(config, dict) else {}


def _masked(config: JsonObject) -> set[str]:
    return {name for name, value in config.items() if holds_mask(value)}


def _setup_state(connection: JsonObject) -> str:
    status = connection.get("status")
    return str(status.get("setup_state")) if isinstance(status, dict) else "unknown"


def _is_role(value: Any) -> bool:
    # Fivetran masks role ARNs like passwords, but they are no secret and no_log would corrupt them everywhere.
    return isinstance(value, str) and value.startswith("arn:")
