# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the variables of a role that somebody uses alone, by the rules that the plan goes by.

Ansible checks them, too, from the same specs. It says so with the whole spec behind it, and quotes what it refuses.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

from ansible.module_utils.common.validation import check_type_dict

from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.options.limits import LONGEST_SYNC
from ...module_utils._kernel.secrets.redact import Redactor
from .borrowed import check_s3, of_s3_access
from .meant import without_secrets
from .misspelt import closest
from .options import Option, is_setting, options_alone
from .reading import PLACEHOLDER, cannot_be_evaluated, not_set
from .rules import RAW_RULES, VALUE_RULES, braze_url, bucket, credential, folder, number, schema
from .settings import Unreadable, Variables
from .together import TOGETHER, places_of
from .values import Refused, holds_omit, no_secret, typed

# Whose rules the plan asks elsewhere, by other names.
_VALUE_RULES: Mapping[str, Callable[[Any], Any]] = {
    **VALUE_RULES,
    "braze_api_key_key": credential,
    "braze_api_key_api_url": braze_url,
    "s3_access_external_id": partial(of_s3_access, "external_id"),
    "currents_landing_prefix": folder,
    "s3_access_prefix": folder,
    "gcs_access_prefix": folder,
    "fivetran_connection_prefix": folder,
    "gcs_access_bucket": lambda value: _bucket("gcs", value, "gcs_access"),
    "s3_access_bucket": lambda value: _bucket("s3", value, "s3_access"),
    "s3_access_buckets": lambda value: [_bucket("s3", name, "s3_access") for name in value],
    "fivetran_connection_schema": schema,
    "fivetran_connection_sync_timeout": partial(number, 1, LONGEST_SYNC),
}


def wrong_variables(role: str, variables: Variables) -> list[str]:
    """Return a sentence for everything that is wrong with the variables of ``role``, beginning with the variable."""
    draft = _Draft(role, variables)
    wrong = dict(draft.read())
    if not wrong:
        wrong = dict(draft.together())
    redactor = Redactor(draft.secrets)
    return [without_secrets(f"{name}: {message}", redactor) for name, message in wrong.items()]


def misspelt_variables(role: str, names: Collection[str]) -> list[str]:
    """Return a sentence for every variable that nobody reads and that is like one of ``role``."""
    unknown = sorted(name for name in names if name.startswith(f"{role}_") and not is_setting(name))
    found = {name: closest(name, options_alone(role)) for name in unknown}
    return [f"{name}: no such variable. Did you mean {other}?" for name, other in found.items() if other]


class _Draft:
    """The variables of a role while they are read."""

    def __init__(self, role: str, variables: Variables) -> None:
        self.secrets: list[str] = []
        self._role = role
        self._variables = variables
        self._options = options_alone(role)
        self._set = frozenset(variables.names())
        self._values: dict[str, Any] = {}

    def read(self) -> Iterator[tuple[str, str]]:
        """Read each by itself, and yield what is wrong."""
        for option in self._options.values():
            try:
                value = self._read_one(option) if option.name in self._set else None
            except Refused as refusal:
                yield option.name, str(refusal)
                continue
            if value is not None:
                self._values[option.name] = value
            if option.required and value in (None, ""):
                yield option.name, self._missing(option) if value is None else f"is empty. {option.gist}"

    def _missing(self, option: Option) -> str:
        unknown = sorted(name for name in self._set if name.startswith(f"{self._role}_") and not is_setting(name))
        return not_set(option, next((name for name in unknown if closest(name, self._options) == option.name), None))

    def _read_one(self, option: Option) -> Any:
        value = self._evaluated(option)
        if holds_omit(value):
            # What is in a text or a list is not ours; the module gets it without.
            return None
        value = RAW_RULES.get(option.name, _as_it_is)(value if option.no_log else no_secret(option, value))
        if value is None:
            if option.default is not None or option.choices:
                raise Refused("is null. Leave it out, or give it a value.")
            if option.required:
                of_check_mode = " What check mode has not made has no id yet." if option.short.endswith("_id") else ""
                raise Refused(f"is null. {option.gist}{of_check_mode}")
            return None
        if option.fields and value == {}:
            raise Refused("is empty. Leave it out, or give it a value.")
        value = typed(option, _as_dictionary(value) if option.type == "dict" else value)
        is_missing = option.required and value == ""
        return value if is_missing else _VALUE_RULES.get(option.name, _as_it_is)(value)

    def _evaluated(self, option: Option) -> Any:
        try:
            value = self._variables.value(option.name)
        except Unreadable as reason:
            raise Refused(cannot_be_evaluated(reason)) from None
        if isinstance(value, str):
            if value.strip() == PLACEHOLDER:
                raise Refused(f"is still to be filled in. {option.gist}")
            if option.no_log:
                self.secrets.append(value.strip())
        return value

    def together(self) -> Iterator[tuple[str, str]]:
        """Ask the rules for several variables, and yield what is wrong."""
        for rule in (*TOGETHER, *places_of("fivetran_connection_")):
            # What makes Fivetran's configuration is checked by the role itself, where it is needed.
            if not rule.with_key and all(name in self._options for name in rule.variables):
                for complaint in rule.check(self._get):
                    yield complaint.variable, complaint.message
        yield from _OF_ROLES.get(self._role, _nothing)(self._get)

    def _get(self, name: str) -> Any:
        return self._values.get(name, self._options[name].default)


Get = Callable[[str], Any]


def _landing(get: Get) -> Iterator[tuple[str, str]]:
    name = "currents_landing_bucket"
    try:
        bucket(get("currents_landing_storage"), get(name), "currents_landing")
    except Refused as refusal:
        yield name, str(refusal)


def _s3(get: Get) -> Iterator[tuple[str, str]]:
    buckets = [*filter(None, [get("s3_access_bucket")]), *(get("s3_access_buckets") or ())]
    if not buckets:
        yield "s3_access_bucket", "is not set. Name the bucket that Fivetran is to read."
    elif get("s3_access_scope") == "prefix":
        try:
            check_s3(buckets=buckets, scope="prefix", prefix=get("s3_access_prefix") or "")
        except InvalidArgument as error:
            option, _colon, message = error.msg.partition(": ")
            yield f"s3_access_{option}", message


def _nothing(_get: Get) -> Iterator[tuple[str, str]]:
    yield from ()


_OF_ROLES: Mapping[str, Callable[[Get], Iterator[tuple[str, str]]]] = {"currents_landing": _landing, "s3_access": _s3}


def _bucket(storage: str, name: str, role: str) -> str:
    return bucket(storage, name, role, is_storage_fixed=True)


def _as_dictionary(value: Any) -> Any:
    """Return what Ansible makes of a text where a dictionary belongs: ``-e`` gives nothing else."""
    if not isinstance(value, str):
        return value
    try:
        return check_type_dict(value)
    except TypeError:
        return value


def _as_it_is(value: Any) -> Any:
    return value
