#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access_plan_info
short_description: Compare the IAM policy and role for Fivetran with what they should be
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Builds the IAM policy and the trust policy that let Fivetran read S3 buckets, reads what the AWS account holds under
    their names, and returns the plan, which is what has to be created, updated or deleted.
    M(onramp.braze_fivetran.s3_access) writes it.
  - What it has made bears the tag C(onramp.braze_fivetran/external-id) and is kept exactly as these options make it.
  - What somebody else has made is judged by its effect, over the trust policy, all attached and inline policies, the
    permissions boundary and the policy of the bucket. Where Fivetran can read, it is adopted as it is and nothing has
    to be written. Where it cannot, the module fails and names what is missing. Where that cannot be told, Fivetran's
    setup tests decide.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_aws
  - onramp.braze_fivetran._aws
  - onramp.braze_fivetran._http_api.times
  - onramp.braze_fivetran._s3_access
options:
  state:
    description:
      - Whether to return what creates and updates, or what removes.
    type: str
    choices: [present, absent]
    default: present
  explain:
    description:
      - Whether RV(access.effect) is to tell more than what has to be written rests on, for the person who has to
        approve the access. It then takes the policy of each bucket into account, which is a request for each, tells
        each thing that reading takes, and what is wider than needed.
    type: bool
    default: false
requirements:
  - The permissions C(iam:GetRole), C(iam:ListAttachedRolePolicies), C(iam:ListRolePolicies), C(iam:GetPolicy),
    C(iam:GetPolicyVersion) and C(iam:ListPolicies), with O(state=absent) also C(iam:ListEntitiesForPolicy) and
    C(iam:ListInstanceProfilesForRole)
  - With O(explain), or where the permissions of a role do not suffice, optionally C(s3:GetBucketPolicy)
  - Optionally C(iam:SimulatePrincipalPolicy), as RV(access.effect.read) says
seealso:
  - module: onramp.braze_fivetran.s3_access
  - module: onramp.braze_fivetran.s3_bucket_preflight_info
  - module: amazon.aws.iam_managed_policy
  - module: amazon.aws.iam_role
"""

EXAMPLES = r"""
- name: See what Fivetran's access lacks
  onramp.braze_fivetran.s3_access_plan_info:
    external_id: jovial_daylight
    buckets: [acme-currents-us]
  register: fivetran_access

- name: Show it
  ansible.builtin.debug:
    msg: "Policy: {{ fivetran_access.access.policy.action }}, role: {{ fivetran_access.access.role.action }}"

- name: See what Fivetran may do, and why
  onramp.braze_fivetran.s3_access_plan_info:
    external_id: jovial_daylight
    buckets: [acme-currents-us]
    prefix: currents
    explain: true
  register: fivetran_access

- name: Show what is wider than needed
  ansible.builtin.debug:
    msg: "{{ fivetran_access.access.effect.wider | map(attribute='text') }}"
"""

RETURN = r"""
access:
  description: What should be, and what has to happen for it.
  returned: success, and failure if it is known
  type: dict
  contains:
    account:
      description: The AWS account of the credentials.
      type: str
      sample: "111122223333"
    partition:
      description: The AWS partition.
      type: str
      sample: aws
    region:
      description: The region that the requests were signed for.
      type: str
      sample: us-east-1
    external_id:
      description: The External ID that RV(access.effect) is about.
      type: str
      sample: jovial_daylight
    policy:
      description: The IAM policy.
      type: dict
      contains: &step
        name:
          description: Its name.
          type: str
          sample: Fivetran-S3-Access
        path:
          description: Its path, or the one that it will have.
          type: str
          sample: /
        arn:
          description: Its ARN, or the one that it will have.
          type: str
          sample: arn:aws:iam::111122223333:policy/Fivetran-S3-Access
        document:
          description: The document that it should have.
          type: dict
          sample:
            Version: "2012-10-17"
            Statement:
              - Sid: FivetranReadsBucket
                Effect: Allow
                Action: ["s3:Get*", "s3:List*"]
                Resource: ["arn:aws:s3:::acme-currents-us", "arn:aws:s3:::acme-currents-us/*"]
        digest:
          description:
            - Of the document that is there now; empty where there is none. Another one says that somebody has changed
              what the document means.
          type: str
          sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5
        action:
          description: V(none), V(create), V(update) or V(delete).
          type: str
          sample: create
        before:
          description: What is there of that which differs.
          type: dict
          sample: {}
        after:
          description: What should be there instead.
          type: dict
          sample:
            tags:
              onramp.braze_fivetran/external-id: jovial_daylight
    role:
      description: The IAM role. RV(access.role.document) is its trust policy.
      type: dict
      contains: *step
    managed:
      description: Whether the role is the collection's to write; V(false) where somebody else has made it.
      type: bool
      sample: true
    effect:
      description: What Fivetran can do through the role, once what has to be written is written.
      type: dict
      contains:
        assume_role:
          description: Whether Fivetran may assume the role with the External ID; null with O(state=absent).
          type: dict
          contains:
            answer:
              description: V(yes), V(no) or V(unknown).
              type: str
              sample: "yes"
            reasons:
              description:
                - What the answer rests on. Each has a stable C(code), a C(text) for people, C(where), which is the
                  document, C(statement), C(action) and C(resource); empty where nothing fits.
              type: list
              elements: dict
              sample:
                - code: allowed
                  text: the trust policy of the role Fivetran (FivetranAssumesRole) allows sts:AssumeRole
                  where: the trust policy of the role Fivetran
                  statement: FivetranAssumesRole
                  action: sts:AssumeRole
                  resource: ""
        read:
          description:
            - Whether it may read, by bucket and folder. Each has C(answer) and C(reasons) like
              RV(access.effect.assume_role).
            - With O(explain) also for each thing alone, C(list), C(objects), C(location), which is the region of the
              bucket and can be done without, and C(decrypt), if O(kms_key_arns) names keys. The policy of a key is not
              looked at.
            - Without O(explain), the policy of a bucket is left to
              M(onramp.braze_fivetran.s3_bucket_preflight_info) where the permissions of the role suffice.
            - Where the answer is not V(yes), and what the role may do stays as it is, AWS itself is asked with
              C(iam:SimulatePrincipalPolicy), if the credentials may. Its answer outweighs ours. Its reasons have
              the code V(simulated), or V(simulated_denied) where nothing that is added to the role helps. On what
              it says of the organization, V(organization_denies), nothing depends.
          type: dict
          sample:
            s3://acme-currents-us/currents:
              answer: "yes"
              reasons: []
              list:
                answer: "yes"
                reasons: []
              objects:
                answer: "yes"
                reasons: []
              location:
                answer: "yes"
                reasons: []
        wider:
          description:
            - What the role allows beside that, or whom else it trusts, as reasons like those of
              RV(access.effect.assume_role). It may all be meant.
            - Null where nobody has looked, as of a role of our own without O(explain).
          type: list
          elements: dict
          sample:
            - code: outside_folder
              text: >-
                more than the folder can be read: the policy arn:aws:iam::111122223333:policy/Fivetran-S3-Access
                (FivetranReadsBucket) allows s3:GetObject
              where: the policy arn:aws:iam::111122223333:policy/Fivetran-S3-Access
              statement: FivetranReadsBucket
              action: s3:GetObject
              resource: arn:aws:s3:::acme-currents-us/*
    findings:
      description: What a person should know, or what forbids to go on.
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
          sample: info
        code:
          description: Stable word for the kind of finding.
          type: str
          sample: other_policies_attached
        message:
          description: What was found.
          type: str
          sample: Somebody else has given the role further permissions.
        remedy:
          description: What to do about it.
          type: str
          sample: Check that Fivetran should have them.
        field:
          description: The single field that it is about; mostly empty.
          type: str
          sample: ""
failure:
  description: What went wrong, as data. The C(code) is AWS's own, or that of the first finding of severity V(error).
  returned: failure
  type: dict
  sample:
    code: foreign_role
    message: The IAM role exists and was not made by this role.
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.access import access_plan_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.options import (
    S3_ACCESS_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import (
    AWS_OPTIONS,
    HTTP_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=access_plan_info,
    options=AWS_OPTIONS
    | HTTP_OPTIONS
    | S3_ACCESS_OPTIONS
    | OptionGroup(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "explain": {"type": "bool", "default": False},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
