#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: braze_currents_info
short_description: Check whether Braze Currents writes to a bucket
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Finds the Currents integrations that write to a bucket in Amazon S3 or Google Cloud Storage, their event types, and
    the newest hour of each, and looks into a few files.
  - The walk goes from folder to folder, so that the number of requests depends on the number of integrations and event
    types, about two for each event type, and not on the number of objects.
  - RV(verdict) tells about what is wrong. Whether that makes the task fail is for O(on_quiet), O(on_no_access) and
    O(on_problem) to say; a task that fails by them returns everything all the same.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_aws_and_gcs
  - onramp.braze_fivetran._aws
  - onramp.braze_fivetran._gcs
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  storage:
    description:
      - Where the bucket is, V(s3) for Amazon S3 or V(gcs) for Google Cloud Storage.
      - O(profile) and O(region) belong to V(s3), O(credentials_file) and O(user_project) to V(gcs).
    type: str
    choices: [s3, gcs]
    required: true
  bucket:
    description:
      - Name of the bucket.
    type: str
    required: true
  prefix:
    description:
      - Folder in the bucket below which Currents writes, as in the settings of the integration in Braze. For S3, Braze
        proposes V(currents).
      - Empty for the root of the bucket. It does not matter whether it begins or ends with C(/).
    type: str
    default: ""
  folders_of_others:
    description:
      - Folders in the bucket below which Currents of other workspaces writes. It does not matter whether they begin or
        end with C(/); an empty one is the root of the bucket.
      - They are no answer to the question where Currents writes for this workspace, so RV(verdict=elsewhere) is not
        because of them, and RV(next_step) does not advise them.
    type: list
    elements: str
    default: []
  stale_after:
    description:
      - Hours without a new file after which Currents no longer counts as landing. A busy workspace gets files every
        five minutes. From V(1) to V(87600), ten years.
    type: int
    default: 24
  format_samples:
    description:
      - How many files, each of another event type, to look into. Their first four bytes are read, which show whether
        it is an Avro file.
    type: int
    default: 3
  on_quiet:
    description:
      - What to do with RV(verdict=stale) and RV(verdict=empty), which can be right in a quiet or new workspace.
    type: str
    choices: [ignore, warn, fail]
    default: ignore
  on_no_access:
    description:
      - What to do with RV(verdict=no_access), which says nothing about Fivetran, because it reads as itself.
    type: str
    choices: [ignore, warn, fail]
    default: ignore
  on_problem:
    description:
      - What to do with RV(verdict=no_bucket), RV(verdict=elsewhere) and RV(verdict=not_currents).
    type: str
    choices: [ignore, warn, fail]
    default: ignore
  region:
    description:
      - AWS region to send the first request to. A bucket in another region is found by the AWS SDK.
  request_timeout:
    description:
      - Seconds to wait for the answer to one request.
requirements:
  - Of the packages of the two clouds, the one for O(storage)
  - Credentials with C(s3:ListBucket) and C(s3:GetObject), or C(storage.objects.list) and C(storage.objects.get)
seealso:
  - name: Braze Currents
    description: How Currents names the files that it writes.
    link: https://www.braze.com/docs/user_guide/data/braze_currents
"""

EXAMPLES = r"""
- name: Check that events arrive in S3, and stop if not
  onramp.braze_fivetran.braze_currents_info:
    storage: s3
    bucket: acme-currents-us
    prefix: currents
    profile: data-platform
    on_quiet: fail
    on_problem: fail

- name: Check that events arrive in Google Cloud Storage
  onramp.braze_fivetran.braze_currents_info:
    storage: gcs
    bucket: acme-currents-eu
    stale_after: 6
"""

RETURN = r"""
verdict:
  description:
    - V(landing) - the newest file is not older than O(stale_after).
    - V(stale) - there are files, and the newest one is older.
    - V(empty) - there is nothing under the prefix, or nothing but what lies in O(folders_of_others).
    - V(elsewhere) - there is nothing of Currents under the prefix, but it writes to other folders of the bucket, which
      RV(other_prefixes) lists.
    - V(not_currents) - there is something under the prefix that Currents has not written, or has not left like this.
    - V(no_bucket) - there is no such bucket.
    - V(no_access) - these credentials may not list the bucket; RV(refusal) tells the cloud's own code.
  returned: success, and failure if it is known
  type: str
  sample: landing
next_step:
  description:
    - What to do, in sentences; empty with RV(verdict=landing).
    - If Currents writes under another prefix, it names that.
  returned: success, and failure if it is known
  type: str
  sample: >-
    Currents does not write under this prefix but under 'braze/currents'. Set the prefix to that, or name in
    folders_of_others (currents_landing_folders_of_others in the role) what other workspaces write to.
newest_hour:
  description: Hour of the newest events, in UTC as ISO 8601; V(none) if there are none.
  returned: success, and failure if it is known
  type: str
  sample: "2026-03-01T14:00:00Z"
integrations:
  description: The Currents integrations that have written under the prefix.
  returned: success, and failure if it is known
  type: list
  elements: dict
  contains:
    id:
      description: Braze's id of the integration.
      type: str
      sample: 65f1c2d3e4f5a6b7c8d9e0f1
    cluster:
      description: Braze's name of the cluster that writes.
      type: str
      sample: prod-01
    storage:
      description: Kind of storage that the integration was set up for.
      type: str
      sample: S3
    newest_hour:
      description: Hour of its newest events.
      type: str
      sample: "2026-03-01T14:00:00Z"
    event_types:
      description: The event types that it has written.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the event type.
          type: str
          sample: users.messages.email.Open
        newest_hour:
          description: Hour of its newest events.
          type: str
          sample: "2026-03-01T14:00:00Z"
        layout:
          description:
            - V(version) for names with C(version=), which Currents gives since 2026, V(schema_id) for the older ones.
            - V(none) if there is no file of Currents in the newest hour.
          type: str
          sample: version
        schema:
          description: Number of the version, or id of the schema.
          type: str
          sample: "7"
samples:
  description: The files that were looked into.
  returned: success, and failure if it is known
  type: list
  elements: dict
  contains:
    name:
      description: Name of the object.
      type: str
      sample: >-
        currents/dataexport.prod-01.S3.integration.65f1c2d3/event_type=users.x.Open/date=2026-03-01-14/version=7/prod/a+0+1.avro
    avro:
      description: Whether it begins like an Avro file; V(none) if it could not be read.
      type: bool
      sample: true
    message:
      description: Why it could not be read.
      type: str
      sample: ""
other_prefixes:
  description:
    - Where else in the bucket Currents writes, if there is nothing of it under the prefix, without
      O(folders_of_others). An empty string is the root.
  returned: success, and failure if it is known
  type: list
  elements: str
  sample: []
refusal:
  description: With RV(verdict=no_bucket) or RV(verdict=no_access), the answer of the cloud; V(none) otherwise.
  returned: success, and failure if it is known
  type: dict
  sample:
    code: AccessDenied
    message: Access Denied
    status: 403
    request: s3:ListBucket
    request_id: 79a59df900b949e5
    retry_after:
storage:
  description: Where the bucket is.
  returned: success, and failure if it is known
  type: str
  sample: s3
bucket:
  description: Name of the bucket.
  returned: success, and failure if it is known
  type: str
  sample: acme-currents-us
prefix:
  description: The prefix without delimiters around it.
  returned: success, and failure if it is known
  type: str
  sample: currents
list_calls:
  description: How many requests for listings were sent.
  returned: success, and failure if it is known
  type: int
  sample: 14
failure:
  description: What went wrong, as data. With a verdict that is a failure, the C(code) is the verdict.
  returned: failure
  type: dict
  sample:
    code: connection_failed
    message: 'Could not connect to the endpoint URL: "https://acme-currents-us.s3.amazonaws.com/"'
    status:
    request: s3:ListBucket
    request_id:
    retry_after:
"""

from functools import partial

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.currents import (
    REACTION_OPTIONS,
    currents_info,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import (
    AWS_OPTIONS,
    GCS_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import REACTIONS, ModuleSpec
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._open_bucket import open_bucket

SPEC = ModuleSpec(
    work=partial(currents_info, open_bucket=open_bucket),
    options=AWS_OPTIONS
    | GCS_OPTIONS
    | OptionGroup(
        {
            "storage": {"type": "str", "choices": ["s3", "gcs"], "required": True},
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
            "folders_of_others": {"type": "list", "elements": "str", "default": []},
            "stale_after": {"type": "int", "default": 24},
            "format_samples": {"type": "int", "default": 3},
            **{option: {"type": "str", "choices": list(REACTIONS), "default": "ignore"} for option in REACTION_OPTIONS},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
