#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access
short_description: Make the IAM policy and role for Fivetran what they should be
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Writes what M(onramp.braze_fivetran.s3_access_plan_info) returns for the same options, with
    M(amazon.aws.iam_managed_policy) and M(amazon.aws.iam_role). The role
    P(onramp.braze_fivetran.s3_access#role) uses both.
  - All of it is done by one identity. The credentials are found once, the modules of C(amazon.aws) get the keys that
    came out of it, and nothing that the environment says makes them act as somebody else.
  - Right before the first write, the plan is made again. If it is not the O(plan) that was handed over, or if the
    credentials belong to another AWS account than the plan, nothing is written.
  - Right after the last write, what is there has to be what was planned. What somebody else has written to the policy
    at the same time is put back, and the module fails.
  - It runs on the controller, as the user who runs Ansible, whatever the play says of connections and of becoming
    somebody else. An C(environment) of the play counts.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_aws
  - onramp.braze_fivetran._aws
  - onramp.braze_fivetran._http_api.times
  - onramp.braze_fivetran._s3_access
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes and changes, V(absent) removes exactly what V(present) has made with the same options.
    type: str
    choices: [present, absent]
    default: present
  plan:
    description:
      - The plan that was looked at before, which is RV(onramp.braze_fivetran.s3_access_plan_info#module:access).
        What is written has to be what it says; what it says and is done by now is no difference.
      - If unset, whatever is found is planned and written.
    type: dict
requirements:
  - The collection C(amazon.aws), 10 or newer
  - The permissions of M(onramp.braze_fivetran.s3_access_plan_info), and C(iam:ListPolicyVersions), C(iam:CreatePolicy),
    C(iam:TagPolicy), C(iam:CreatePolicyVersion), C(iam:SetDefaultPolicyVersion), C(iam:DeletePolicyVersion),
    C(iam:CreateRole), C(iam:TagRole), C(iam:UpdateRole), C(iam:UpdateAssumeRolePolicy), C(iam:AttachRolePolicy), with
    O(state=absent) also C(iam:DetachRolePolicy), C(iam:DeletePolicy) and C(iam:DeleteRole)
seealso:
  - module: onramp.braze_fivetran.s3_access_plan_info
  - module: amazon.aws.iam_managed_policy
  - module: amazon.aws.iam_role
"""

EXAMPLES = r"""
- name: See what Fivetran's access lacks
  onramp.braze_fivetran.s3_access_plan_info:
    external_id: jovial_daylight
    buckets: [acme-currents-us]
  register: fivetran_access

- name: Give it exactly that
  onramp.braze_fivetran.s3_access:
    external_id: jovial_daylight
    buckets: [acme-currents-us]
    plan: "{{ fivetran_access.access }}"

- name: Let Fivetran read a bucket of another account
  onramp.braze_fivetran.s3_access:
    external_id: jovial_daylight
    buckets: [acme-currents-emea]
    assume_role_arn: arn:aws:iam::444455556666:role/Deployment
    assume_role_external_id: acme-deployment
    account_id: "444455556666"
"""

RETURN = r"""
access:
  description:
    - What was planned and, outside of check mode, written, like
      RV(onramp.braze_fivetran.s3_access_plan_info#module:access).
  returned: success, and failure once it is known
  type: dict
  contains:
    account:
      description: The AWS account of the credentials.
      type: str
      sample: "111122223333"
    policy:
      description: The IAM policy, and what was done about it.
      type: dict
      contains:
        arn:
          description: Its ARN, or the one that it will have.
          type: str
          sample: arn:aws:iam::111122223333:policy/Fivetran-S3-Access
        action:
          description: V(none), V(create), V(update) or V(delete).
          type: str
          sample: create
    role:
      description: The IAM role, likewise.
      type: dict
      contains:
        arn:
          description: Its ARN, or the one that it will have.
          type: str
          sample: arn:aws:iam::111122223333:role/Fivetran
        action:
          description: V(none), V(create), V(update) or V(delete).
          type: str
          sample: create
failure:
  description:
    - What went wrong, as data. The C(code) is AWS's own, C(other_account), C(outdated_plan), C(written_meanwhile), or
      one of M(onramp.braze_fivetran.s3_access_plan_info).
  returned: failure
  type: dict
  sample:
    code: outdated_plan
    message: Since the plan was made, somebody else has changed what it rests on.
    status:
    request:
    request_id:
    retry_after:
"""

from ..module_utils._aws.access.options import S3_ACCESS_OPTIONS
from ..module_utils._kernel.errors import InvalidArgument
from ..module_utils._kernel.options.shared import AWS_OPTIONS, HTTP_OPTIONS
from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import run
from ..module_utils._kernel.task import ModuleSpec, Result, Task

ELSEWHERE = "s3_access works on the controller only, by its action plugin of the same name."


def refuse(_task: Task) -> Result:
    """Refuse to work where the action plugin is not."""
    raise InvalidArgument(ELSEWHERE)


SPEC = ModuleSpec(
    work=refuse,
    options=AWS_OPTIONS
    | HTTP_OPTIONS
    | S3_ACCESS_OPTIONS
    | OptionGroup(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "plan": {"type": "dict"},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
