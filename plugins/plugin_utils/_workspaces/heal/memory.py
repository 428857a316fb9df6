# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml remembers of what it has tried: a file, and a fact of each host, of which either may be missing.

The file serves the runs of one machine. The fact lasts where a fact cache does, such as that of a job template in AWX,
where no file outlasts a job.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants

from ..model.attempts import Attempt, Attempts, ended
from . import attempts_file

FACT = "onramp_heal_attempts"


class AttemptsMemory:
    """The attempts of one run. ``warnings``: why it may forget them."""

    def __init__(self, path: Path | None, known: Attempts) -> None:
        self._path = path
        self._known = known
        self.warnings: list[str] = []

    @classmethod
    def of(cls, path: str | None, variables: Mapping[str, Any]) -> AttemptsMemory:
        """Return the memory of one host: the file, which ``None`` leaves to Ansible's home, and its own fact."""
        return cls(path_of(path), of_facts(variables.get("ansible_facts")))

    def read(self) -> Attempts:
        """Return all that is known."""
        if self._path is not None:
            try:
                self._known = self._known.also(attempts_file.read(self._path))
            except OSError as error:
                self._warn(error)
        return self._known

    def begin(self, identity: str, cause: str, cooldown: int, now: datetime) -> bool:
        """Remember an attempt; tell whether there is none yet that is as young as ``cooldown`` in seconds."""
        free: list[bool] = []

        def changed(known: Attempts) -> Attempts:
            last = known.also(self._known).last(identity, cause)
            free.append(last is None or not last.is_within(cooldown, now))
            return known.with_one(identity, cause, Attempt(now)) if free[-1] else known

        self._change(changed)
        return free[-1]

    def end(self, identity: str, cause: str, did: Iterable[str], message: str) -> None:
        """Remember how an attempt has ended."""

        def changed(known: Attempts) -> Attempts:
            last = known.also(self._known).last(identity, cause)
            return known if last is None else known.with_one(identity, cause, ended(last, did, message))

        self._change(changed)

    def fact(self, identity: str) -> dict[str, Any]:
        """Return what the host's own fact is to be."""
        return self._known.of(identity).as_json()

    def _change(self, change: Callable[[Attempts], Attempts]) -> None:
        if self._path is not None:
            try:
                self._known = self._known.also(attempts_file.change(self._path, change))
                return
            except OSError as error:
                self._warn(error)
        self._known = change(self._known)

    def _warn(self, error: OSError) -> None:
        self.warnings.append(
            f"onramp_heal_state: what was tried cannot be remembered in {self._path} ({error.strerror or 'it fails'}),"
            " so that onramp_heal_cooldown does not hold for the next run."
        )


def path_of(path: str | None) -> Path | None:
    """Return the file that remembers; None for an empty text."""
    if path is None:
        return Path(str(constants.config.get_config_value("ANSIBLE_HOME"))).expanduser() / attempts_file.NAME
    return Path(path).expanduser().absolute() if path.strip() else None


def of_facts(facts: Any, name: str = FACT) -> Attempts:
    """Return what one of the facts of a host tells."""
    known = Attempts.from_json(facts.get(name)) if isinstance(facts, Mapping) else Attempts()
    return known.until(datetime.now(UTC))
