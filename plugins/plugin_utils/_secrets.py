# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets of the whole run, and what keeps them out of whatever one task tells of a vendor.

A vendor may quote what another task, for another workspace, was given. To read every workspace's keys takes seconds
where there are a thousand, and may ask a vault for each. So a task does that only where it has a vendor's own words to
tell; and what one task has read, all later ones know: Ansible imports this in its own process before it forks workers,
which share the memory that is set aside here. It is not a file, and ends with the run.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from mmap import mmap
from multiprocessing import get_context
from typing import Any

from ..module_utils._kernel.secrets.names import SECRETS_OF_THE_ENVIRONMENT, is_secret_name
from ..module_utils._kernel.secrets.quoted import is_telling
from ..module_utils._kernel.secrets.redact import Redactor, is_mask, texts_in
from ._secret_files import secrets_of_files, secrets_of_google
from ._settings.options import all_options
from ._settings.reader import HostVariables, host_variables
from ._settings.settings import Unreadable

GROUP = "braze_workspaces"
# Enough for some ten thousand workspaces. What nobody writes to takes no memory.
_ROOM = 16 * 1024 * 1024
_HEAD = 8
# As long as it may take to read the keys of all workspaces; then everybody reads for himself.
_PATIENCE = 120.0
# Under these names stand a vendor's own words, if anything does.
_WORDS = frozenset(
    {"msg", "message", "details", "tasks", "warnings", "findings", "exception", "module_stdout", "module_stderr"}
)


# Settings that name a file with a key in it.
_FILES = frozenset({"gcs_access_credentials_file", "currents_landing_credentials_file"})
_OF_A_DIFF = frozenset({"before", "after"})


@dataclass(frozen=True)
class KnownSecrets:
    """Secrets, and the hosts whose secrets they are."""

    hosts: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()

    def and_also(self, other: KnownSecrets) -> KnownSecrets:
        """Return what both know."""
        return KnownSecrets(self.hosts | other.hosts, self.secrets | other.secrets)


class SecretsMemory:
    """What the tasks of a run have read, for those that follow. Shared by this process and all that it forks."""

    def __init__(self, room: int = _ROOM, patience: float = _PATIENCE) -> None:
        self._memory = mmap(-1, room)
        self._patience = patience
        try:
            self._lock: Any = get_context("fork").Lock()
        except (ImportError, OSError, ValueError):
            # Without semaphores, several may read the same at a time.
            self._lock = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one read at a time, so that the others find what it has read."""
        if self._lock is None:
            yield
            return
        self._lock.acquire(timeout=self._patience)
        try:
            yield
        finally:
            # Also for a process that was killed meanwhile, so that no other waits for it.
            with suppress(ValueError):
                self._lock.release()

    def read(self) -> KnownSecrets:
        """Return what is known; nothing while somebody writes it."""
        length = int.from_bytes(self._memory[:4], "big")
        content = self._memory[_HEAD : _HEAD + length]
        if not length or zlib.crc32(content) != int.from_bytes(self._memory[4:_HEAD], "big"):
            return KnownSecrets()
        hosts, secrets = json.loads(content)
        return KnownSecrets(frozenset(hosts), frozenset(secrets))

    def write(self, known: KnownSecrets) -> None:
        """Remember this; what there is no room for is read again where it is needed."""
        content = json.dumps([sorted(known.hosts), sorted(known.secrets)]).encode()
        if len(content) <= len(self._memory) - _HEAD:
            self._memory[:4] = bytes(4)
            self._memory[_HEAD : _HEAD + len(content)] = content
            self._memory[4:_HEAD] = zlib.crc32(content).to_bytes(4, "big")
            self._memory[:4] = len(content).to_bytes(4, "big")


_MEMORY = SecretsMemory()


def secrets_of_run(variables: Mapping[str, Any], play: Any = None, memory: SecretsMemory = _MEMORY) -> tuple[str, ...]:
    """Return every secret that this run may hold: of all workspaces and of the play's hosts, environment and files.

    ``variables``: those of the task. ``play``: what it belongs to, because variables may be set for all of it. What
    cannot be evaluated is left out: a task that needs it fails by its name.
    """
    hostvars = variables.get("hostvars")
    wanted = frozenset(_hosts(variables))
    known = memory.read()
    if hostvars is not None and not wanted <= known.hosts:
        with memory.alone():
            known = memory.read()
            missing = wanted - known.hosts
            if missing:
                found = {secret for name in sorted(missing) for secret in _of_host(hostvars, play, name)}
                known = known.and_also(KnownSecrets(missing, frozenset(found)))
                memory.write(known)
    return tuple(sorted({*known.secrets, *_of_task(variables, hostvars, play, known), *_outside()}))


def remember(hosts: Collection[str], secrets: Iterable[str], memory: SecretsMemory = _MEMORY) -> None:
    """Take over what a task has read of these hosts anyway."""
    with memory.alone():
        memory.write(memory.read().and_also(KnownSecrets(frozenset(hosts), frozenset(secrets))))


def known_secrets(memory: SecretsMemory = _MEMORY) -> tuple[str, ...]:
    """Return what is known without reading anything of any host."""
    return tuple(sorted({*memory.read().secrets, *_outside()}))


def _hosts(variables: Mapping[str, Any]) -> Iterator[str]:
    groups = variables.get("groups") or {}
    yield from map(str, groups.get(GROUP) or ())
    yield from map(str, variables.get("ansible_play_hosts_all") or ())


def _of_task(variables: Mapping[str, Any], hostvars: Any, play: Any, known: KnownSecrets) -> set[str]:
    """Return the secrets of a task that its host does not have anyway, such as those of a role that is called."""
    own, host = HostVariables(dict(variables), getattr(hostvars, "_loader", None)), variables.get("inventory_hostname")
    try:
        names = own.differing(host_variables(hostvars, play, str(host))) if host in known.hosts else own.names()
    except Unreadable:
        names = own.names()
    return secret_values(own, names)


def _of_host(hostvars: Any, play: Any, name: str) -> set[str]:
    try:
        return secret_values(host_variables(hostvars, play, name))
    except Unreadable:
        return set()


def secret_values(variables: HostVariables, among: Collection[str] | None = None) -> set[str]:
    """Return the values of a host's settings that are secret, and of whatever else it calls a key or a password.

    Of the latter, nothing is evaluated, because a template may ask anybody anything; and no words are secrets.
    ``among``: all that is looked at, by default every variable.
    """
    names = frozenset(map(str, variables.names() if among is None else among))
    settings = names.intersection(option.name for option in all_options().values() if option.no_log)
    # A setting that is known to be no secret, such as the id of an access key, is none because of its name.
    unknown = names - frozenset(all_options())
    others = [name for name in unknown if _is_secret_of_others(name) and variables.is_literal(name)]
    found = {text for name in settings for text in _texts(variables, name)}
    found |= {text for name in others for text in _texts(variables, name) if is_telling(text)}
    files = [path for name in _FILES & names for path in _texts(variables, name)]
    return found.union(*map(secrets_of_google, files))


def _is_secret_of_others(name: str) -> bool:
    # Ansible's own are nobody's who could quote them. The id of an AWS access key is no secret.
    is_id = name.endswith("access_key") and "secret" not in name
    return is_secret_name(name) and not name.startswith("ansible_") and not is_id


def _texts(variables: HostVariables, name: str) -> set[str]:
    try:
        return {text.strip() for text in texts_in(variables.value(name)) if not is_mask(text)}
    except Unreadable:
        return set()


def literal_secrets(variables: Mapping[str, Any]) -> set[str]:
    """Return what is written as it is under the names of secrets."""
    options = all_options()
    names = [name for name in variables if (options[name].no_log if name in options else _is_secret_of_others(name))]
    return {text.strip() for name in names for text in texts_in(variables[name]) if "{{" not in text}


def _outside() -> set[str]:
    """Return the secrets of the environment and of the files that the clouds' clients read."""
    found = {os.environ[name].strip() for name in SECRETS_OF_THE_ENVIRONMENT if os.environ.get(name)}
    return found | secrets_of_files(os.environ)


@dataclass
class Discretion:
    """Keeps secrets out of what one task tells: its own everywhere, those of the run where a vendor has the word.

    ``own``: the secrets among its parameters. ``others``: reads those of the run, when the first words are there.
    """

    own: Collection[str]
    others: Callable[[], tuple[str, ...]]
    _of_task: Redactor = field(init=False, repr=False)
    _of_run: Redactor | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._of_task = Redactor(self.own)

    def text(self, text: str) -> str:
        """Return a text that may quote a vendor, without secrets of anybody."""
        return self._everybody().text(text)

    def result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result without secrets."""
        redactor = self._everybody() if has_words(result) else self._of_task
        found: dict[str, Any] = redactor.data(result)
        return found

    def _everybody(self) -> Redactor:
        if self._of_run is None:
            self._of_run = Redactor([*self.own, *self.others()])
        return self._of_run


def has_words(result: Any, name: str = "") -> bool:
    """Tell whether a result holds words of a vendor, which may quote anything: one of a healthy task does not."""
    if name in _WORDS or name in _OF_A_DIFF:
        return _is_said(result)
    if isinstance(result, Mapping):
        return any(has_words(value, str(key)) for key, value in result.items()) or _is_foreign(result)
    if isinstance(result, list | tuple):
        # Reasons of a failure are sentences of the vendor; those of a judgement are ours, with more about each.
        return (name == "reasons" and _is_said(result)) if _is_text(result) else any(map(has_words, result))
    return False


def _is_text(items: Collection[Any]) -> bool:
    return any(isinstance(item, str) for item in items)


def _is_said(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_said, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_said, value))
    return value not in (None, "", False, True)


def _is_foreign(connection: Mapping[str, Any]) -> bool:
    """Tell whether this is a connection of a service whose fields nobody here knows."""
    return connection.get("service") not in (None, "braze") and bool(connection.get("config"))
