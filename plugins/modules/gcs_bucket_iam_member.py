#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gcs_bucket_iam_member
short_description: Grant one role on a Google Cloud Storage bucket to one member, or take it away
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Adds one member to one role in the IAM policy of a bucket, or removes it, and leaves everything else in the policy
    as it is, conditions and bindings of others included.
  - The policy is read and written with its etag. If somebody else changes it in between, the whole change is started
    over, so that no grant gets lost.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_gcs
  - onramp.braze_fivetran._gcs
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the line of this grant only, never those of others.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes sure that the member holds the role, V(absent) that it does not.
      - Only the grant with exactly this O(condition) or O(folder) is looked at. Removing the grant without a condition
        leaves one with a condition alone, and the other way round.
    type: str
    choices: [present, absent]
    default: present
  bucket:
    description:
      - Name of the bucket, without C(gs://).
    type: str
    required: true
  role:
    description:
      - Role to grant, V(roles/NAME) or a custom role such as V(projects/PROJECT/roles/NAME).
    type: str
    default: roles/storage.objectViewer
  member:
    description:
      - Who gets the role, as IAM names it, for example V(group:data@example.com).
      - A bare e-mail address is that of a service account and gets the prefix C(serviceAccount:).
    type: str
    required: true
  folder:
    description:
      - Narrows the grant to listing and reading this folder of the bucket, by a condition. Needs uniform bucket-level
        access on the bucket.
      - It does not matter whether it begins or ends with C(/). It cannot be empty, nor be given beside O(condition).
    type: str
  condition:
    description:
      - Under which condition the member holds the role. Needs uniform bucket-level access on the bucket.
      - If neither this nor O(folder) is set, the grant is one without condition.
    type: dict
    suboptions:
      title:
        description: Name of the condition.
        type: str
        required: true
      expression:
        description: Expression in the Common Expression Language.
        type: str
        required: true
      description:
        description: What the condition is for.
        type: str
  sufficient:
    description:
      - What to do if the member may list and read already, by another role or under another condition.
      - V(adopt) leaves it at that. Where nobody can tell, because it depends on a custom role that these credentials
        may not read or on a condition that is not understood, and this grant may give more, the task fails with the
        code V(grant_undecided).
      - With O(folder) or O(condition), a grant of the same O(role) without a condition does not count, for that is what
        is to be narrowed.
      - V(exact) looks at nothing but exactly this grant.
      - Without meaning with O(state=absent).
    type: str
    choices: [exact, adopt]
    default: exact
  sufficient_for:
    description:
      - The folder that the member has to be able to list and read with O(sufficient=adopt), with or without C(/) around
        it. Unset means O(folder), or else the whole bucket.
    type: str
  preflight:
    description:
      - Whether to look, before anything is granted, for what about the bucket would make a service fail that is to read
        it, as M(onramp.braze_fivetran.gcs_bucket_preflight_info) does, with the same one read of the policy.
      - V(fail) grants nothing if there is a finding of severity V(error), V(warn) warns of it and goes on,
        V(ignore) does not look.
      - With O(sufficient=adopt), V(fail) does not grant a role either that is known not to let the member list and
        read, V(warn) warns of it.
      - Without meaning with O(state=absent).
    type: str
    choices: [ignore, warn, fail]
    default: ignore
requirements:
  - The permissions C(storage.buckets.getIamPolicy) and C(storage.buckets.setIamPolicy) on the bucket, and
    C(storage.buckets.get) for O(preflight)
  - The permission C(iam.roles.get) on the project or organization of a custom role, for O(sufficient=adopt) to see what
    it allows; good to have, and asked for only where the answer depends on it
seealso:
  - module: onramp.braze_fivetran.gcs_bucket_preflight_info
  - module: onramp.braze_fivetran.gcs_bucket_iam_info
  - name: IAM conditions on buckets
    description: What conditions can say, and what they need.
    link: https://cloud.google.com/storage/docs/access-control/iam#conditions
"""

EXAMPLES = r"""
- name: Let Fivetran read the bucket
  onramp.braze_fivetran.gcs_bucket_iam_member:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    preflight: fail

- name: Let Fivetran read only what lies in a folder
  onramp.braze_fivetran.gcs_bucket_iam_member:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    folder: currents

- name: Let Fivetran read only what lies below a prefix, by a condition of one's own
  onramp.braze_fivetran.gcs_bucket_iam_member:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    condition:
      title: Only currents
      description: Fivetran reads Braze Currents and nothing else
      # Reading is judged by the name of the object, listing by the prefix that it asks for.
      expression: >-
        resource.name.startsWith("projects/_/buckets/acme-currents-eu/objects/currents/")
        || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("currents/")

- name: Let Fivetran read the bucket, unless it may read the folder already
  onramp.braze_fivetran.gcs_bucket_iam_member:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    sufficient: adopt
    sufficient_for: currents

- name: Take the grant away
  onramp.braze_fivetran.gcs_bucket_iam_member:
    state: absent
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
"""

RETURN = r"""
grant:
  description:
    - The grant as it is now, in check mode as it would be; V(none) with O(state=absent).
    - With O(sufficient=adopt) the one that suffices, if that is another.
  returned: success
  type: dict
  contains:
    bucket:
      description: Name of the bucket.
      type: str
      sample: acme-currents-eu
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
other_grants:
  description:
    - What the same member holds on the bucket besides, by other roles or under other conditions. It is left alone, and
      may be wider than this grant.
  returned: success
  type: list
  elements: dict
  sample:
    - role: roles/storage.legacyBucketReader
      member: serviceAccount:g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
      condition:
effect:
  description:
    - Whether the member could read before, as M(onramp.braze_fivetran.gcs_bucket_iam_info) returns it.
  returned: with O(sufficient=adopt), and O(state=present)
  type: dict
  sample:
    answer: "yes"
    reasons:
      - code: granted
        text: >-
          serviceAccount:g-jovial-daylight@fivetran-production.iam.gserviceaccount.com holds roles/storage.objectAdmin
        where: roles/storage.objectAdmin
        statement: ""
        action: ""
        resource: ""
ready:
  description: Whether there is no finding of severity V(error).
  returned: success with O(preflight), and O(state=present)
  type: bool
  sample: true
findings:
  description: What was found about the bucket, as M(onramp.braze_fivetran.gcs_bucket_preflight_info) returns it.
  returned: with O(preflight) and O(state=present), if it is known
  type: list
  elements: dict
  sample:
    - step: access
      severity: warning
      code: bucket_is_public
      message: Bucket acme-currents-eu gives roles/storage.objectViewer to everybody.
      remedy: "Remove that grant: Fivetran reads through its service account."
      field: ""
failure:
  description:
    - What went wrong, as data. The C(code) is Google's own reason where there is one.
    - V(organization_policy) means that an organization policy forbids the member, V(conflict) that others kept on
      changing the policy until the time was up, V(grant_undecided) what O(sufficient=adopt) says, V(grant_too_narrow)
      what O(preflight) says of a role.
  returned: failure
  type: dict
  sample:
    code: organization_policy
    message: One or more users named in the policy do not belong to a permitted customer.
    status: 412
    request: setIamPolicy of bucket acme-currents-eu
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.member import member
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import GCS_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import REACTIONS, ModuleSpec

SPEC = ModuleSpec(
    work=member,
    options=GCS_OPTIONS
    | OptionGroup(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "bucket": {"type": "str", "required": True},
            "role": {"type": "str", "default": "roles/storage.objectViewer"},
            "member": {"type": "str", "required": True},
            "folder": {"type": "str"},
            "condition": {
                "type": "dict",
                "options": {
                    "title": {"type": "str", "required": True},
                    "expression": {"type": "str", "required": True},
                    "description": {"type": "str"},
                },
            },
            "sufficient": {"type": "str", "choices": ["exact", "adopt"], "default": "exact"},
            "sufficient_for": {"type": "str"},
            "preflight": {"type": "str", "choices": list(REACTIONS), "default": "ignore"},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
