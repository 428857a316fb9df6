#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gcs_bucket_preflight_info
short_description: Find out what about a Google Cloud Storage bucket would make Fivetran fail
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Looks at the settings and the IAM policy of a bucket and explains what stands in the way of a service that is to
    read it, each finding with what to do about it.
  - The findings are V(bucket_missing), V(requester_pays), V(uniform_access_needed), V(bucket_is_public),
    V(condition_without_effect) and V(not_checked).
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_gcs
  - onramp.braze_fivetran._gcs
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
  - onramp.braze_fivetran._preflight
options:
  bucket:
    description:
      - Name of the bucket, without C(gs://).
    type: str
    required: true
  member:
    description:
      - Who is to read. A bare e-mail address is that of a service account.
    type: str
  conditional:
    description:
      - Whether the grant is to have a condition, for example on a prefix.
    type: bool
    default: false
requirements:
  - The permissions C(storage.buckets.get) and C(storage.buckets.getIamPolicy) on the bucket
seealso:
  - module: onramp.braze_fivetran.gcs_bucket_iam_member
"""

EXAMPLES = r"""
- name: Check that Fivetran can read the bucket
  onramp.braze_fivetran.gcs_bucket_preflight_info:
    bucket: acme-currents-eu
    member: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    on_problem: fail
"""

RETURN = r"""
ready:
  description: Whether there is no finding of severity V(error).
  returned: success
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
      sample: requester_pays
    message:
      description: What was found.
      type: str
      sample: Bucket acme-currents-eu has requester pays, and Fivetran names no project that would pay.
    remedy:
      description: What to do about it.
      type: str
      sample: "Turn it off: gcloud storage buckets update gs://acme-currents-eu --no-requester-pays."
    field:
      description: The single field that it is about; mostly empty.
      type: str
      sample: ""
failure:
  description: What went wrong, as data. The C(code) is Google's own, or that of the first finding.
  returned: failure
  type: dict
  sample:
    code: bucket_missing
    message: There is no bucket acme-currents-eu.
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.finding import PREFLIGHT_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.preflight import preflight_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import GCS_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=preflight_info,
    options=GCS_OPTIONS
    | PREFLIGHT_OPTIONS
    | OptionGroup(
        {
            "bucket": {"type": "str", "required": True},
            "member": {"type": "str"},
            "conditional": {"type": "bool", "default": False},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
