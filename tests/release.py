# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between the releases of ansible-core that the tests run on."""

from __future__ import annotations

from importlib.metadata import version

BEFORE_2_19 = version("ansible-core").startswith("2.18.")


def time_out(seconds: int) -> str:
    """Return how Ansible begins to say that a task has taken longer than it may."""
    return f"in the expected time frame ({seconds})" if BEFORE_2_19 else f"Timed out after {seconds} second"
