# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What calls to an HTTP API need, and their options; the spec stands in module_utils/_kernel/options.py."""

    # By itself: AWS's modules have no use for the package.
    TIMES = r"""
options:
  request_timeout:
    description:
      - Seconds that one request may take, from connecting to the last byte of its answer, before it is given up.
      - What arrives slowly does not prolong it.
    type: int
    default: 30
  retry_timeout:
    description:
      - Seconds that one call may take with all its retries and waits, beside what O(rate_limit_timeout) allows.
      - Reads and requests that can be repeated without harm are retried with back-off after server errors and lost
        connections.
    type: int
    default: 120
  rate_limit_timeout:
    description:
      - Seconds that one call may wait because a rate limit is reached. Nothing but what the vendor asks for counts, and
        errors and lost connections have no part in it.
      - A limit of Fivetran or Braze is waited for until the time that the vendor names, which can be an hour away. Run
        in Ansible's own process, as by default, a line on standard error says so once for all that wait.
      - AWS and Google, who name no time, are asked again for 600 seconds at most.
      - A vendor that asks for a longer wait than this makes the task fail at once, saying when to come back. With V(0),
        no limit is waited for.
    type: int
    default: 7200
"""

    DOCUMENTATION = r"""
options: {}
requirements:
  - requests
"""
