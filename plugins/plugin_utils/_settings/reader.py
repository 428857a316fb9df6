# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask Ansible for the variables of any host of the inventory, whether it plays or not.

Not through ``hostvars``: it knows nothing of the play's variables, and before ansible-core 2.19 it returns the text of
a template in which something is undefined, as if that were the value.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from datetime import date, datetime
from typing import Any

from ansible import errors
from ansible.parsing.vault import AnsibleVaultError, AnsibleVaultFormatError
from ansible.template import Templar
from jinja2.exceptions import UndefinedError

from .settings import Unreadable

# As ansible-core writes omit into a text, since 2.19; there, a value that is nothing else raises an error.
OMITTED = "<<Omit>>"
_VALUE_OMITTED: Any = getattr(errors, "AnsibleValueOmittedError", ())

_CLOSED_VAULT = "a vault that cannot be opened with the passwords given"
_MARKS = ("{{", "{%")
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}", re.DOTALL)
# Names of variables, attributes and plugins out of messages that may quote values beside them; each is searched for in
# the messages of an error and of its causes.
_REASONS = (
    (re.compile(r"andatory variable '(?P<name>\w{1,100})'"), "'{}' is undefined"),
    (
        re.compile(r"""(?P<quote>['"])(?P<name>(?:(?!(?P=quote)).){1,100})(?P=quote) is undefined"""),
        "'{}' is undefined",
    ),
    (re.compile(r"has no attribute ['\"]?(?P<name>\w{1,100})"), "something in it has no '{}', which it asks for"),
    (re.compile(r"No (?:filter|test) named '(?P<name>[\w.]+)'"), "'{}' in it is not a plugin that Ansible finds"),
    (re.compile(r"Could not load \"(?P<name>[\w.]+)\""), "'{}' in it is not a plugin that Ansible finds"),
    (re.compile(r"lookup plugin(?: |: |s? \()'?(?P<name>[\w.]+)"), "the lookup '{}' in it fails"),
    (re.compile(r"The '(?P<name>[\w.]+)' lookup had an issue"), "the lookup '{}' in it fails"),
    (re.compile(r"(?:filter|test) plugin '(?P<name>[\w.]+)' failed"), "'{}' in it fails"),
    (re.compile(r"(?P<name>[Rr]ecursi(?:ve|on))"), "it refers to itself"),
    (re.compile(r"(?P<name>[Ss]yntax error|template error while)"), "its template has a syntax error"),
)


class HostVariables:
    """The variables of one host as Ansible holds them; each is evaluated once, when it is asked for."""

    def __init__(self, variables: dict[str, Any], loader: Any) -> None:
        self._variables = variables
        self._values: dict[str, Any] = {}
        self._templar = Templar(loader=loader, variables=variables)

    def names(self) -> Collection[str]:
        """Return the names of all variables that are set."""
        return self._variables.keys()

    def differing(self, other: HostVariables) -> Collection[str]:
        """Return the names of those that ``other`` does not have, or has as something else."""
        theirs = other._variables
        return [name for name, written in self._variables.items() if not _is_same(theirs.get(name, _NOTHING), written)]

    def is_literal(self, name: str) -> bool:
        """Tell whether a variable that is set is a text, maybe out of a vault, that needs nothing but itself."""
        written = self._variables[name]
        if isinstance(written, str):
            return not any(mark in written for mark in _MARKS)
        return "Encrypt" in type(written).__name__

    def value(self, name: str) -> Any:
        """Return the value of a variable that is set, as plain data; :data:`OMITTED` where it is Ansible's omit.

        :raises Unreadable: it cannot be evaluated.
        """
        if name not in self._values:
            self._values[name] = self._evaluated(name)
        return self._values[name]

    def _evaluated(self, name: str) -> Any:
        written = self._variables[name]
        try:
            value = _plain(self._templar.template(written, fail_on_undefined=True))
        except _VALUE_OMITTED:
            return OMITTED
        except Exception as error:  # What templates call may raise anything.
            raise Unreadable(_reason(error)) from None
        if _is_unfinished(written, value):
            raise Unreadable("it refers to a variable of another host in which something is undefined")
        return value


_NOTHING = object()


def _is_same(one: Any, other: Any) -> bool:
    # To compare anything but texts may mean to decrypt or to evaluate it.
    return one is other or (isinstance(one, str) and isinstance(other, str) and one == other)


def host_variables(hostvars: Any, play: Any, host_name: str) -> HostVariables:
    """Return the variables of a host, as a task of ``play`` would see them on it.

    :raises Unreadable: they cannot be loaded at all.
    """
    try:
        variables = hostvars._variable_manager.get_vars(
            play=_without_roles(play), host=hostvars._inventory.get_host(host_name), include_hostvars=True
        )
    except Exception as error:  # A plugin that loads variables may raise anything.
        raise Unreadable(_reason_of_loading(error)) from None
    return HostVariables(variables, hostvars._loader)


def _without_roles(play: Any) -> Any:
    """Return the play as if it used no roles: their defaults are nothing that a user has set."""
    if play is None:
        return None
    bare = copy(play)
    bare.roles = []
    return bare


def _plain(value: Any) -> Any:
    """Return data without Ansible's own types; text from an inline vault is decrypted by this."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, date):
        return (
            datetime.fromisoformat(value.isoformat())
            if isinstance(value, datetime)
            else date.fromisoformat(value.isoformat())
        )
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    # Some of Ansible's own kinds of text return themselves here.
    return str.__str__(str(value))


def _is_unfinished(written: Any, value: Any) -> bool:
    """Tell whether a template has come out of a template. What is marked as no template comes out as it was."""
    return isinstance(value, str) and _TEMPLATE.search(value) is not None and value != written


def _reason(error: BaseException) -> str:
    """Return why a variable cannot be evaluated, without what it or another variable holds."""
    chain = list(causes_of(error))
    if any(is_of_vault(one) for one in chain):
        return f"it needs {_CLOSED_VAULT}"
    for pattern, words in _REASONS:
        for one in chain:
            match = pattern.search(str(one))
            if match:
                return words.format(match["name"])
    if any(isinstance(one, errors.AnsibleUndefinedVariable | UndefinedError) for one in chain):
        return "something in it is undefined"
    return f"it fails with {_kind(chain)}"


def _reason_of_loading(error: BaseException) -> str:
    chain = list(causes_of(error))
    if any(is_of_vault(one) for one in chain):
        return f"a file with variables of this host is {_CLOSED_VAULT}"
    return f"the variables of this host cannot be loaded ({_kind(chain)})"


def _kind(chain: list[BaseException]) -> str:
    """Return the kind of the error that Ansible has wrapped."""
    return type(next((one for one in chain if not isinstance(one, errors.AnsibleError)), chain[-1])).__name__


def is_of_vault(error: BaseException) -> bool:
    """Tell whether an error is of a vault that cannot be opened."""
    # Since ansible-core 2.19, an inline vault is captured first and raised by a class of its own.
    return isinstance(error, AnsibleVaultError | AnsibleVaultFormatError) or "Vault" in type(error).__name__


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, also those that ansible-core 2.18 keeps in an attribute of its own."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        own = getattr(following, "orig_exc", None)
        following = following.__cause__ or (own if isinstance(own, BaseException) else following.__context__)
