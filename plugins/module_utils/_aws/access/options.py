# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say what the IAM policy and the role for Fivetran are to be.

Their documentation is the doc fragment s3_access.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from ..._kernel.options.spec import OptionGroup
from .documents import FIVETRAN_ACCOUNT, PARTITIONS

S3_ACCESS_OPTIONS = OptionGroup(
    {
        "external_id": {"type": "str", "required": True},
        "buckets": {"type": "list", "elements": "str", "required": True},
        "released_buckets": {"type": "list", "elements": "str", "default": []},
        "scope": {"type": "str", "choices": ["bucket", "prefix"], "default": "bucket"},
        "prefix": {"type": "str"},
        # ARNs of keys, not keys.
        "kms_key_arns": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "role_arn": {"type": "str"},
        "role_name": {"type": "str", "default": "Fivetran"},
        "policy_name": {"type": "str", "default": "Fivetran-S3-Access"},
        "path": {"type": "str", "default": "/"},
        "tags": {"type": "dict", "default": {}},
        "permissions_boundary": {"type": "str"},
        "max_session_duration": {"type": "int"},
        "fivetran_account_id": {"type": "str", "default": FIVETRAN_ACCOUNT},
        "account_id": {"type": "str"},
        "partition": {"type": "str", "choices": list(PARTITIONS)},
        "adopt": {"type": "bool", "default": False},
    },
    required_if=[("scope", "prefix", ("prefix",))],
)
