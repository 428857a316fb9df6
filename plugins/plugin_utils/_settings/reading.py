# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the settings of one workspace, or everything that is wrong with them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from ...module_utils._kernel.options.shared import FIVETRAN_OPTIONS, WHERE_MADE
from ...module_utils._kernel.printable import sentence
from ...module_utils._kernel.secrets.keys import BLANKS
from ...module_utils._kernel.secrets.redact import Redactor
from .meant import without_secrets
from .misspelt import OTHER_WORDS, suggestion
from .options import OVERRULED, OWN, ROLES, Option, all_options, is_setting, role_of, role_options
from .rules import RAW_RULES, TRIMMED, VALUE_RULES, credential, fivetran_url
from .settings import TOLD_OF_UNUSABLE, Problem, Settings, Unreadable, Unusable, Variables
from .together import TOGETHER
from .values import Refused, either, no_secret, typed

# What speaks to Braze and Azure, and is not looked at where nobody has to.
_WITH_KEY = frozenset({"braze_api_url"})


_CREDENTIALS: Mapping[str, Callable[[str], str]] = {
    "fivetran_api_key": credential,
    "fivetran_api_secret": credential,
    "fivetran_api_url": fivetran_url,
}


ENVIRONMENT: Mapping[str, str] = {name: FIVETRAN_OPTIONS.arguments[name]["env"][0] for name in _CREDENTIALS}


# Shorter ones would blacken words of a message, and no key is that short.
_SHORTEST_SECRET = 8


# Stands in the files that the playbook init writes for what only the user knows.
PLACEHOLDER = "CHANGE_ME"


# What names begin with that are compared with ours.
_OURS = ("br", "cu", "fi", "gc", "on", "s3")


def read_settings(
    name: str, variables: Variables, environment: Mapping[str, str], *, needs_key: bool = True
) -> Settings | Unusable:
    """Return the settings of the workspace ``name``, or everything that is wrong with them.

    Without ``needs_key``, what speaks to Braze and Azure is neither needed nor read.
    """
    draft = _Draft(variables, needs_key)
    draft.read()
    draft.read_credentials(environment)
    draft.check()
    return draft.unusable(name) if draft.problems else draft.settings(name)


def hints(variables: Variables) -> list[str]:
    """Return a sentence for every variable that looks like a setting and is none, or is one of a role only."""
    return list(_hints(sorted(name for name in variables.names() if name.startswith(_OURS))))


def _hints(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if OVERRULED.get(name):
            yield f"{name}: has no effect here. The playbooks take it from {OVERRULED[name]}."
        elif name in OVERRULED:
            yield f"{name}: has no effect here. The playbooks decide it themselves."
        if is_setting(name):
            continue
        meant = suggestion(name)
        if name in OTHER_WORDS and meant in names:
            # Somebody's own variable, out of which ours may be made.
            continue
        if meant:
            yield f"{name}: no such setting. Did you mean {meant}?"
        elif role_of(name):
            yield f"{name}: no such setting."


def cannot_be_evaluated(reason: Unreadable) -> str:
    """Return what is said of a variable that is set and cannot be read."""
    why = sentence(str(reason))
    step = " Define it, or correct its name here." if why.endswith("is undefined.") else ""
    return f"cannot be evaluated: {why}{step}"


def not_set(option: Option, otherwise: str | None) -> str:
    """Return what is said of an option that is needed; ``otherwise``: the name that it may be set by instead."""
    if otherwise:
        return f"is not set, but {otherwise} is. Rename that."
    return f"is not set. {f'Expected {either(option.choices)}.' if option.choices else option.gist}"


class _Draft:
    """Settings while they are read. ``values``: what is set and right by itself, without what is null."""

    def __init__(self, variables: Variables, needs_key: bool) -> None:
        self.problems: list[Problem] = []
        self.values: dict[str, Any] = {}
        self._variables = variables
        self._needs_key = needs_key
        self._set = frozenset(variables.names()) & frozenset(all_options())
        self._null: set[str] = set()
        self._wrong: set[str] = set()
        self._unreadable: set[str] = set()
        self._secrets: list[str] = []

    def read(self) -> None:
        """Read every variable by itself."""
        for option in all_options().values():
            if option.name in _CREDENTIALS or not self._is_wanted(option):
                continue
            if option.name in self._set:
                self._read_one(option)
            if option.required and not option.role:
                self._check_presence(option)

    def _is_wanted(self, option: Option) -> bool:
        is_of_key = option.no_log and not option.short.startswith("aws_")
        return self._needs_key or not (is_of_key or option.name in _WITH_KEY)

    def _check_presence(self, option: Option) -> None:
        if option.name in self._wrong:
            return
        value = self.values.get(option.name)
        if value is None:
            others = sorted(name for name in self._variables.names() if name.startswith(_OURS) and not is_setting(name))
            self._refuse(option.name, not_set(option, next((n for n in others if suggestion(n) == option.name), None)))
        elif value == "":
            self._refuse(option.name, f"is empty. {option.gist}")

    def _read_one(self, option: Option) -> None:
        try:
            value = self._evaluated(option)
            value = RAW_RULES.get(option.name, _as_it_is)(value if option.no_log else no_secret(option, value))
            if value is None:
                self._null.add(option.name)
                return
            value = typed(option, value)
            if isinstance(value, str) and (not option.role or option.name in TRIMMED):
                # It comes with a text from a file, or from a block of YAML.
                value = value.strip(BLANKS)
            is_missing = option.required and value == ""
            self.values[option.name] = value if is_missing else VALUE_RULES.get(option.name, _as_it_is)(value)
        except Refused as refusal:
            self._refuse(option.name, str(refusal))

    def _evaluated(self, option: Option) -> Any:
        try:
            value = self._variables.value(option.name)
        except Unreadable as reason:
            self._unreadable.add(option.name)
            raise Refused(cannot_be_evaluated(reason)) from None
        if isinstance(value, str) and value.strip() == PLACEHOLDER:
            raise Refused(f"is still to be filled in. {option.gist}")
        if option.no_log:
            self._keep_secret(value)
        return value

    def _keep_secret(self, value: Any) -> None:
        """Keep a secret out of all messages, also where somebody has put it into another variable."""
        if isinstance(value, str) and len(value.strip()) >= _SHORTEST_SECRET and _is_unicode(value):
            self._secrets.append(value.strip())

    def read_credentials(self, environment: Mapping[str, str]) -> None:
        """Read what proves to Fivetran who we are: a variable wins, and where it is wrong, nothing takes its place."""
        for name, check in _CREDENTIALS.items():
            source = name if name in self._set else ENVIRONMENT[name]
            try:
                value = self._credential(name, environment)
                if value is None:
                    self._refuse(name, f"is not set, and {source} is not set in the environment either. {WHERE_MADE}")
                else:
                    self.values[name] = check(value)
            except Refused as refusal:
                is_empty = OWN[name].no_log and str(refusal) == "is empty."
                self._refuse(source, f"is empty. {WHERE_MADE}" if is_empty else str(refusal))

    def _credential(self, name: str, environment: Mapping[str, str]) -> str | None:
        if name in self._set:
            value = self._evaluated(OWN[name])
            # What is null is not left out, so it is empty.
            return "" if value is None else str(typed(OWN[name], value))
        default: str | None = FIVETRAN_OPTIONS.arguments[name].get("default")
        value = environment.get(ENVIRONMENT[name], default)
        if OWN[name].no_log:
            self._keep_secret(value)
        return value

    def check(self) -> None:
        """Ask the rules for several variables, where each of these is right by itself."""
        for rule in TOGETHER:
            if self._wrong.isdisjoint(rule.variables) and (self._needs_key or not rule.with_key):
                for complaint in rule.check(self._get):
                    self._refuse(complaint.variable, complaint.message)

    def _get(self, name: str) -> Any:
        return self.values.get(name, all_options()[name].default)

    def _refuse(self, variable: str, message: str) -> None:
        self._wrong.add(variable)
        self.problems.append(Problem(variable, f"{variable}: {message}"))

    def unusable(self, name: str) -> Unusable:
        """Return what is wrong, in the order in which the variables are documented, and what is known all the same."""
        place = {variable: number for number, variable in enumerate(all_options())}
        place |= {ENVIRONMENT[variable]: place[variable] for variable in _CREDENTIALS}
        redactor = Redactor(self._secrets)
        is_set = self._set - self._null
        return Unusable(
            name=name,
            problems=tuple(
                Problem(problem.variable, without_secrets(problem.message, redactor))
                for problem in sorted(self.problems, key=lambda problem: place[problem.variable])
            ),
            known={
                variable: _text(self._get(variable))
                for variable in TOLD_OF_UNUSABLE
                if variable not in is_set or variable not in self._wrong
            },
            unknown=frozenset(self._unreadable.intersection(TOLD_OF_UNUSABLE)),
        )

    def settings(self, name: str) -> Settings:
        """Return the settings; there is nothing wrong with them."""
        storage = self.values["currents_storage"]
        return Settings(
            name=name,
            fivetran_group=self.values["fivetran_group"],
            fivetran_schema=self.values["fivetran_schema"],
            fivetran_account_id=self.values.get("fivetran_account_id") or None,
            fivetran_api_key=self.values["fivetran_api_key"],
            fivetran_api_secret=self.values["fivetran_api_secret"],
            fivetran_api_url=self.values["fivetran_api_url"],
            braze_api_url=_text(self._get("braze_api_url")),
            braze_api_key=_text(self._get("braze_api_key")),
            storage=storage,
            bucket=_text(self._get("currents_bucket")) if storage != "none" else "",
            prefix=_text(self._get("currents_prefix")) if storage != "none" else "",
            connection_string=_text(self._get("currents_connection_string")) if storage == "azure" else "",
            folder_shared=self._get("currents_folder_shared"),
            roles={role: self._of_role(role) for role in ROLES},
            given=self._set - self._null,
            max_lag_hours=self._get("onramp_max_lag_hours"),
        )

    def _of_role(self, role: str) -> dict[str, Any]:
        values = {option.short: self._get(option.name) for option in role_options(role).values()}
        # Copies, because a default that somebody changes would be changed for every workspace.
        return {short: copy(value) for short, value in values.items() if value is not None}


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_unicode(text: str) -> bool:
    """Tell whether ``text`` can be written; what the environment holds need not be."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
