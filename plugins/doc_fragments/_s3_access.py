# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The IAM policy and role for Fivetran; the spec stands in module_utils/_aws/access/options.py."""

    DOCUMENTATION = r"""
options:
  external_id:
    description:
      - The External ID under which Fivetran assumes the role, which is the id of the Fivetran group.
    type: str
    required: true
  buckets:
    description:
      - Names of the buckets that Fivetran reads.
    type: list
    elements: str
    required: true
  released_buckets:
    description:
      - Names of buckets that the policy may lose, because nobody needs them any more. A policy that grants others
        besides O(buckets) is refused.
      - Only for a policy that bears the tag for this O(external_id). Without meaning with O(state=absent).
    type: list
    elements: str
    default: []
  scope:
    description:
      - V(bucket) is the policy of Fivetran's guide, V(prefix) narrows listing and reading to O(prefix).
    type: str
    choices: [bucket, prefix]
    default: bucket
  prefix:
    description:
      - Folder to narrow the access to. Needed with O(scope=prefix).
    type: str
  kms_key_arns:
    description:
      - ARNs of the KMS keys with which the objects are encrypted. Adds C(kms:Decrypt) for these.
    type: list
    elements: str
    default: []
  role_arn:
    description:
      - ARN of an IAM role that is somebody else's. It is judged by what Fivetran can do through it, and there is
        nothing to write; O(role_name), O(policy_name), O(path), O(tags) and O(adopt) have no meaning then.
    type: str
  role_name:
    description:
      - Name of the IAM role.
    type: str
    default: Fivetran
  policy_name:
    description:
      - Name of the IAM policy.
    type: str
    default: Fivetran-S3-Access
  path:
    description:
      - IAM path of both.
    type: str
    default: /
  tags:
    description:
      - Tags that both are to have. Others are left alone.
    type: dict
    default: {}
  permissions_boundary:
    description:
      - ARN of the policy that bounds the role. Unset leaves it alone, an empty string removes it.
    type: str
  max_session_duration:
    description:
      - Longest session of the role in seconds. Unset leaves it alone; AWS begins with V(3600).
    type: int
  fivetran_account_id:
    description:
      - AWS account of Fivetran.
    type: str
    default: "834469178297"
  account_id:
    description:
      - AWS account that the credentials have to belong to. Those of another one are refused before anything is read.
      - If unset, every account is accepted.
    type: str
  partition:
    description:
      - AWS partition. If unset, that of the credentials.
    type: str
    choices: [aws, aws-us-gov, aws-cn]
  adopt:
    description:
      - Whether what Fivetran lacks may be added to a role or policy that somebody else has made. Nothing that is there
        is taken away, and what suffices is left as it is without this, too. Who has made exactly what this module wants
        has it taken over, with the tag.
      - With O(state=absent), whether to remove what bears the tag and was changed since, or was attached elsewhere,
        too. What somebody else has made always stays.
    type: bool
    default: false
"""
