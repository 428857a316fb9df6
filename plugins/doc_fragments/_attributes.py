# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes that every module of the collection states."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled/queried by the module has not changed in a relevant way.
"""

    # For modules that only read.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module does not modify state.
  diff_mode:
    support: N/A
    details:
      - This module does not modify state.
  idempotent:
    support: full
    details:
      - This module does not modify state.
"""

    ACTIONGROUP_FIVETRAN = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/onramp.braze_fivetran.fivetran) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - onramp.braze_fivetran.fivetran
"""

    ACTIONGROUP_BRAZE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/onramp.braze_fivetran.braze) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - onramp.braze_fivetran.braze
"""

    ACTIONGROUP_GCS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/onramp.braze_fivetran.gcs) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - onramp.braze_fivetran.gcs
"""

    ACTIONGROUP_AWS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/onramp.braze_fivetran.aws) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - onramp.braze_fivetran.aws
"""

    # For what asks either cloud.
    ACTIONGROUP_AWS_AND_GCS = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/onramp.braze_fivetran.aws) and C(group/onramp.braze_fivetran.gcs) in C(module_defaults) to set
        defaults for this module.
    support: full
    membership:
      - onramp.braze_fivetran.aws
      - onramp.braze_fivetran.gcs
"""
