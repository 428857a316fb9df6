#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gcs_bucket_iam_info
short_description: List who holds which role on a Google Cloud Storage bucket
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the grants in the IAM policy of a bucket, one for each member, role and condition.
  - Grants that the bucket inherits from its project, folder or organization are not in its policy.
  - Of a O(member), it also tells whether it may list and read, by the effect of all that the policy says.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_gcs
  - onramp.braze_fivetran._gcs
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  bucket:
    description:
      - Name of the bucket, without C(gs://).
    type: str
    required: true
  member:
    description:
      - Return the grants of this member only. A bare e-mail address is that of a service account.
    type: str
  role:
    description:
      - Return the grants of this role only. RV(effect) is judged by the grants of all roles.
    type: str
  folder:
    description:
      - The folder that RV(effect) is about, with or without C(/) around it. Unset means the whole bucket.
    type: str
requirements:
  - The permission C(storage.buckets.getIamPolicy) on the bucket
  - The permission C(iam.roles.get) on the project or organization of a custom role, for RV(effect) to see what it
    allows; good to have, and asked for only where the answer depends on it
seealso:
  - module: onramp.braze_fivetran.gcs_bucket_iam_member
"""

EXAMPLES = r"""
- name: See what Fivetran holds on the bucket
  onramp.braze_fivetran.gcs_bucket_iam_info:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
  register: fivetran

- name: Show it
  ansible.builtin.debug:
    msg: "{{ fivetran.grants | map(attribute='role') | join(', ') }}"

- name: See whether Fivetran may read a folder, whatever lets it
  onramp.braze_fivetran.gcs_bucket_iam_info:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    folder: currents
  register: fivetran

- name: Show why
  ansible.builtin.debug:
    msg: "{{ fivetran.effect.answer }}: {{ fivetran.effect.reasons | map(attribute='text') | join('; ') }}"
"""

RETURN = r"""
bucket:
  description: Name of the bucket.
  returned: success
  type: str
  sample: acme-currents-eu
version:
  description: Version of the policy; V(3) where it holds conditions.
  returned: success
  type: int
  sample: 1
grants:
  description: The grants, in the order of the policy.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The role.
      type: str
      sample: roles/storage.objectViewer
    member:
      description: The member with its prefix.
      type: str
      sample: serviceAccount:g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    condition:
      description: The condition under which the member holds the role; V(none) if there is none.
      type: dict
      sample:
        title: Only currents
        expression: resource.name.startsWith("projects/_/buckets/acme-currents-eu/objects/currents/")
effect:
  description:
    - Whether the member may list and read the O(folder), judged by the bucket's own policy. Roles, conditions, and who
      belongs to a group, are told apart from what cannot be seen from here; what the bucket inherits is not judged,
      neither grants nor denials.
  returned: success with O(member)
  type: dict
  contains:
    answer:
      description: V(yes), V(no), or V(unknown) where it depends on something that cannot be seen.
      type: str
      sample: "yes"
    reasons:
      description: What the answer rests on.
      type: list
      elements: dict
      contains:
        code:
          description:
            - With V(yes) V(granted), and besides V(wider_than_needed), V(public) or V(expires).
            - With V(no) V(no_grant_on_bucket), or V(missing_permission), and besides V(expired), V(not_yet) or
              V(elsewhere), of conditions.
            - With V(unknown) V(custom_role), V(unknown_role), V(condition_undecided), V(listing_under_condition) or
              V(membership).
          type: str
          sample: granted
        text:
          description: The same for a person.
          type: str
          sample: >-
            serviceAccount:g-jovial-daylight@fivetran-production.iam.gserviceaccount.com holds roles/storage.objectAdmin
        where:
          description: The role, where it is about one.
          type: str
          sample: roles/storage.objectAdmin
        statement:
          description: Always empty.
          type: str
          sample: ""
        action:
          description: The permission, where it is about one.
          type: str
          sample: storage.objects.list
        resource:
          description: The bucket, or the folder in it, where it is about that.
          type: str
          sample: gs://acme-currents-eu/currents
failure:
  description: What went wrong, as data. The C(code) is Google's own reason where there is one.
  returned: failure
  type: dict
  sample:
    code: forbidden
    message: The caller does not have storage.buckets.getIamPolicy access to the bucket.
    status: 403
    request: getIamPolicy of bucket acme-currents-eu
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import iam_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import GCS_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=iam_info,
    options=GCS_OPTIONS
    | OptionGroup(
        {
            "bucket": {"type": "str", "required": True},
            "member": {"type": "str"},
            "role": {"type": "str"},
            "folder": {"type": "str"},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
