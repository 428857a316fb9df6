# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy would hand out, for the tests that install it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.copies import copy_checkout_to
from tests.integration.galaxy import galaxy


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the artefact out of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("artefact")
    copy_checkout_to(folder / "source")
    galaxy(folder, "build", "source", "--output-path", str(folder))
    return next(folder.glob("onramp-braze_fivetran-*.tar.gz"))
