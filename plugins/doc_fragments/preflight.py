# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the preflight modules share; the spec stands in module_utils/_storage/finding.py."""

    DOCUMENTATION = r"""
options:
  fail_on:
    description:
      - V(error) makes the task fail if there is a finding of severity V(error), V(never) warns of it instead.
      - Findings of severity V(warning) are shown as warnings either way.
    type: str
    choices: [error, never]
    default: never
"""
