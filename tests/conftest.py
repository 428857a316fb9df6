# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test shares: the collection is importable, and one sandbox a worker serves all its tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.budget import examples
from tests.collection import make_collection_importable
from tests.warm import COLD_PLAYS, let_the_next_be_cold

if TYPE_CHECKING:
    from tests.sandbox.client import Sandbox

make_collection_importable()
COLD = os.environ.get(COLD_PLAYS)
# A busy machine is slow, and no example of it is wrong.
settings.register_profile("budget", max_examples=examples(), deadline=None)
settings.load_profile("budget")


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers here: `ansible-test units` does not read pyproject.toml."""
    for marker in (
        "slow: takes long; `make test` leaves it out, `make test-full` runs it",
        "waits: mostly waits; it is begun first, so that others may compute beside it",
        "fact(slug): shows what the project does about a fact on record; `tests/facts.py` lists them",
    ):
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let nobody look for garbage among what is collected, which lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what waits; leave what is slow out of ``ansible-test units``, which knows no option for that."""
    if config.inipath and "ansible_test" in config.inipath.parts:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("slow")])
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
    # Each worker begins with a part of them: the first one waits while the others compute.
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """With ``COLD_PLAYS=first``, let the first play of each test that is not slow be a process of its own."""
    let_the_next_be_cold(cold=COLD == "first" and not item.get_closest_marker("slow"))


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """Start one sandbox for all tests of this worker."""
    from tests.sandbox.client import Sandbox

    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Give a sandbox as it is right after its start; afterwards, hold what Fivetran was asked against its contract."""
    from tests.sandbox.contract import hold

    running_sandbox.reset()
    yield running_sandbox
    hold(running_sandbox)
