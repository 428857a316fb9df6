# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of this process, changed for a while."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase


@contextmanager
def environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Let this process have other variables of the environment for a while; None takes one away.

    Ansible's worker works on one task at a time.
    """
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def environment_of_task(action: ActionBase) -> AbstractContextManager[None]:
    """Let this process have the environment that play, block and task give what they run."""
    given: dict[str, Any] = {}
    action._compute_environment_string(given)
    return environment({str(name): str(value) for name, value in given.items()})


@contextmanager
def without_debug() -> Iterator[None]:
    """Let Ansible print nothing for its developers for a while: of a module, it prints the arguments."""
    settings = vars(constants)
    before = settings["DEFAULT_DEBUG"]
    settings["DEFAULT_DEBUG"] = False
    try:
        yield
    finally:
        settings["DEFAULT_DEBUG"] = before


def _set(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
