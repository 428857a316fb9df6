#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_preflight_info
short_description: Find out what about S3 buckets would make Fivetran fail
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Looks at S3 buckets and explains what would keep Fivetran's role from reading them, or Braze Currents from writing,
    each finding with what to do about it.
  - The findings are V(bucket_missing), V(bucket_in_another_account), V(bucket_not_readable), V(bucket_policy_denies),
    V(bucket_policy_may_deny), V(kms_decrypt_unknown), V(kms_not_supported_by_braze), V(object_lock),
    V(bucket_is_public), V(public_access_not_blocked), V(objects_owned_by_writer) and V(not_checked).
  - A Deny in a bucket policy is judged by what is known of Fivetran's requests. Where it depends on something else,
    such as the IP address, the finding is V(bucket_policy_may_deny) and names the condition keys.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_aws
  - onramp.braze_fivetran._aws
  - onramp.braze_fivetran._http_api.times
  - onramp.braze_fivetran._preflight
options:
  buckets:
    description:
      - Names of the buckets.
    type: list
    elements: str
    required: true
  prefix:
    description:
      - Folder in the buckets that Fivetran reads. A Deny for other folders is then no finding.
    type: str
  role_arn:
    description:
      - ARN of the role that Fivetran assumes. It need not exist yet.
      - If unset, it is built from O(role_name) and the account of the credentials.
    type: str
  role_name:
    description:
      - Name of the role that Fivetran assumes, if O(role_arn) is unset.
    type: str
    default: Fivetran
  kms_key_arns:
    description:
      - ARNs of the KMS keys that the role may decrypt with.
    type: list
    elements: str
    default: []
requirements:
  - The permissions C(s3:ListBucket), C(s3:GetBucketPolicy), C(s3:GetBucketPolicyStatus),
    C(s3:GetEncryptionConfiguration), C(s3:GetBucketObjectLockConfiguration), C(s3:GetBucketPublicAccessBlock) and
    C(s3:GetBucketOwnershipControls) on the buckets. What cannot be looked at without one of them is a finding.
seealso:
  - module: onramp.braze_fivetran.s3_access_plan_info
"""

EXAMPLES = r"""
- name: Check that Fivetran will be able to read the bucket
  onramp.braze_fivetran.s3_bucket_preflight_info:
    buckets: [acme-currents-us]
    prefix: currents
    on_problem: fail
"""

RETURN = r"""
role_arn:
  description: The role that Fivetran reads as, O(role_arn) or that of O(role_name) in the account of the credentials.
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:role/Fivetran
ready:
  description: Whether there is no finding of severity V(error).
  returned: success, and failure if it is known
  type: bool
  sample: false
findings:
  description: What was found, the worst first.
  returned: success, and failure if it is known
  type: list
  elements: dict
  contains:
    step:
      description: The step of the guide that it belongs to; always V(access) here.
      type: str
      sample: access
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      sample: error
    code:
      description: Stable word for the kind of finding.
      type: str
      sample: bucket_policy_denies
    message:
      description: What was found.
      type: str
      sample: The Deny statement OnlyFromVpc in the policy of bucket acme-currents-us keeps Fivetran from reading.
    remedy:
      description: What to do about it.
      type: str
      sample: Make an exception for arn:aws:iam::111122223333:role/Fivetran, by a condition on aws:PrincipalArn.
    field:
      description: The single field that it is about; mostly empty.
      type: str
      sample: ""
failure:
  description: What went wrong, as data. The C(code) is AWS's own, or that of the first finding.
  returned: failure
  type: dict
  sample:
    code: bucket_missing
    message: There is no bucket acme-currents-us.
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.preflight import preflight_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.finding import PREFLIGHT_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import (
    AWS_OPTIONS,
    HTTP_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=preflight_info,
    options=AWS_OPTIONS
    | HTTP_OPTIONS
    | PREFLIGHT_OPTIONS
    | OptionGroup(
        {
            "buckets": {"type": "list", "elements": "str", "required": True},
            "prefix": {"type": "str"},
            "role_arn": {"type": "str"},
            "role_name": {"type": "str", "default": "Fivetran"},
            # ARNs of keys, not keys.
            "kms_key_arns": {"type": "list", "elements": "str", "default": [], "no_log": False},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
