#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_discovery
short_description: Find Braze connections that exist, and write an inventory of them
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Reads all connections of a Fivetran account, and finds for each of the service C(braze) what lets Fivetran read the
    bucket - the IAM roles that trust Fivetran with the External ID of the group, and the grants in Google Cloud
    Storage.
  - Returns an inventory with one host for each, for the playbooks of this collection, and writes it into a file that
    does not exist yet. At Fivetran, AWS and Google nothing is written.
  - The settings are as few as possible, because what is unset stays as it is. Schedule, exports and state are comments,
    and so is what could not be found.
  - Fivetran tells neither the Braze keys nor the role that it uses. For a key there is the name of a variable to keep
    in a vault; a role is set if it is the only one that can be meant.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
  - onramp.braze_fivetran._gcs
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - A file that exists is never overwritten, so that the second invocation fails.
options:
  dest:
    description:
      - Path of the file to write, on the controller. What is not absolute is taken from the working directory.
      - Unset, nothing is written.
    type: path
  fivetran_groups:
    description:
      - Names or ids of the Fivetran groups whose connections are wanted.
      - Without any, all groups that the key can see.
    type: list
    elements: str
    default: []
  aws_profiles:
    description:
      - Profiles of the AWS configuration, one for each AWS account in which roles are looked for. The inventory then
        names the profile by which a role was found.
      - Without any, the environment variable E(AWS_PROFILE) is used, and without it the default chain of the AWS SDK.
    type: list
    elements: str
    default: []
  aws_region:
    description:
      - AWS region to talk to.
      - If unset, the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION) are used, then the profile's region,
        then V(us-east-1).
    type: str
requirements:
  - requests
  - boto3 for connections that read S3
  - google-cloud-storage for connections that read Google Cloud Storage
notes:
  - In AWS it asks for C(iam:ListRoles), and of each role that trusts Fivetran with the External ID of a group, for
    C(iam:GetRole), C(iam:ListAttachedRolePolicies), C(iam:ListRolePolicies), C(iam:GetRolePolicy), C(iam:GetPolicy) and
    C(iam:GetPolicyVersion); of a bucket, for C(s3:ListBucket), C(s3:GetBucketPolicy) and
    C(s3:GetEncryptionConfiguration), and for what else M(onramp.braze_fivetran.s3_bucket_preflight_info) looks at.
  - In Google Cloud Storage it asks for C(storage.buckets.getIamPolicy) of each bucket.
  - What is not allowed keeps nothing else from being found; the inventory says what it was.
seealso:
  - module: onramp.braze_fivetran.fivetran_connection_info
  - plugin: onramp.braze_fivetran.fivetran
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Write an inventory of all Braze connections
  onramp.braze_fivetran.workspace_discovery:
    dest: discovered.yml

- name: Look at two groups, and write nothing
  onramp.braze_fivetran.workspace_discovery:
    fivetran_groups: [Warehouse, Warehouse EMEA]
  register: found

- name: Show what could not be found
  ansible.builtin.debug:
    var: found.missing
"""

RETURN = r"""
msg:
  description: What was found, in one line.
  returned: success
  type: str
  sample: "Found 30 Braze connections in 2 Fivetran groups. The inventory is written to /home/ada/inventory.yml."
told:
  description: The same, with what could not be found, line by line.
  returned: success
  type: list
  elements: str
  sample: ["Found 30 Braze connections in 2 Fivetran groups. The inventory is written to /home/ada/inventory.yml."]
inventory:
  description: The text of the inventory; empty if there is no Braze connection.
  returned: success
  type: str
  sample: "braze_workspaces:\n  hosts: ..."
workspaces:
  description: The connections.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The name of its host.
      type: str
      sample: braze_shop_us
    settings:
      description: The settings, without keys.
      type: dict
      sample:
        fivetran_group: jovial_daylight
        fivetran_schema: braze_shop_us
        braze_api_url: https://rest.iad-01.braze.com
        currents_storage: s3
        currents_bucket: acme-currents-us
        currents_prefix: currents
        s3_access_role_arn: arn:aws:iam::111122223333:role/FivetranS3
    facts:
      description: What else Fivetran tells of the connection, as P(onramp.braze_fivetran.fivetran#inventory) does.
      type: dict
      sample:
        onramp_setup_state: connected
        onramp_paused: false
    missing:
      description: What was not found, above all of the access to the bucket, and why, a sentence each.
      type: list
      elements: str
      sample: []
missing:
  description: Everything that could not be found or looked at, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
failure:
  description: What went wrong, as data.
  returned: failure
  type: dict
  sample:
    code: file_exists
    message: /home/ada/inventory.yml exists already.
    status:
    request:
    request_id:
    retry_after:
"""

from ..module_utils._kernel.options.shared import FIVETRAN_OPTIONS, GCS_OPTIONS
from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

OPTIONS = (
    OptionGroup(
        {
            "dest": {"type": "path"},
            "fivetran_groups": {"type": "list", "elements": "str", "default": []},
            "aws_profiles": {"type": "list", "elements": "str", "default": []},
            "aws_region": {"type": "str"},
        }
    )
    | GCS_OPTIONS
    | FIVETRAN_OPTIONS
)


def main() -> None:
    refuse("workspace_discovery", OPTIONS)


if __name__ == "__main__":
    main()
