# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the preflight modules share; the spec stands in module_utils/_bucket/finding.py."""

    DOCUMENTATION = r"""
options:
  on_problem:
    description:
      - What to do about findings. V(fail) makes the task fail if there is one of severity V(error), V(warn) warns of it
        instead; both show findings of severity V(warning) as warnings. V(ignore) only returns what was found.
    type: str
    choices: [ignore, warn, fail]
    default: warn
"""
