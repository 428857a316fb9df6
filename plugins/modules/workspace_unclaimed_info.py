#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_unclaimed_info
short_description: Find a Braze connection that no workspace of the inventory claims
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Finds one connection of the service C(braze) by its group and its schema, and what lets Fivetran read its bucket,
    an IAM role or a grant in Google Cloud Storage. Returns the variables with which it can be offboarded as a host that
    is not in the inventory any more.
  - It fails if there is no such connection, if it is of another service, and if a host of the group
    C(braze_workspaces) claims it, or may claim it because it cannot be read.
  - Its credentials are those that a new host of the group C(braze_workspaces) would have - C(fivetran_api_key),
    C(fivetran_api_secret) and C(fivetran_api_url), else the environment variables E(FIVETRAN_APIKEY),
    E(FIVETRAN_APISECRET) and E(FIVETRAN_API_URL); C(s3_access_aws_profile) and all else that begins with
    C(s3_access_aws_); C(gcs_access_credentials_file) and C(gcs_access_user_project). No Braze key is needed.
  - It runs on the controller, within Ansible's own process. Nothing is written.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  group:
    description: Name or id of the Fivetran group.
    type: str
    required: true
  schema:
    description: Schema of the connection.
    type: str
    required: true
requirements:
  - requests
  - boto3 for a connection that reads S3
  - google-cloud-storage for a connection that reads Google Cloud Storage
seealso:
  - module: onramp.braze_fivetran.workspace_discovery
  - module: onramp.braze_fivetran.workspace_plan
"""

EXAMPLES = r"""
- name: Find a connection whose host has left the inventory
  onramp.braze_fivetran.workspace_unclaimed_info:
    group: Warehouse
    schema: braze_shop_us
  register: onramp_leaving

- name: Show as what it would be offboarded
  ansible.builtin.debug:
    var: onramp_leaving.variables
"""

RETURN = r"""
msg:
  description: Which connection it is, in one line.
  returned: success
  type: str
  sample: >-
    The connection braze_shop_old of the Fivetran group Warehouse, which reads s3://acme-currents-us/old, leaves as the
    host braze_shop_old.
told:
  description: The same, and what was found of its access, and what was not, line by line.
  returned: success
  type: list
  elements: str
  sample: []
host:
  description: A name for a host that the inventory does not have.
  returned: success
  type: str
  sample: braze_shop_old
connection_id:
  description: The id of the connection.
  returned: success
  type: str
  sample: iodize_impressive
variables:
  description:
    - The variables of the host. A role that this collection has made stands there with its names, and another one by
      its ARN. What was not found is not there.
  returned: success
  type: dict
  sample:
    fivetran_group: jovial_daylight
    fivetran_schema: braze_shop_old
    currents_storage: s3
    currents_bucket: acme-currents-us
    currents_prefix: old
    s3_access_role_arn: arn:aws:iam::111122223333:role/FivetranS3
failure:
  description: What went wrong, as data.
  returned: failure
  type: dict
  sample:
    code: NotFound_Connection
    message: There is no connection braze_shop_old in the Fivetran group Warehouse.
    status:
    request:
    request_id:
    retry_after:
"""

from ..module_utils._kernel.options.shared import HTTP_OPTIONS
from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

OPTIONS = (
    OptionGroup(
        {
            "group": {"type": "str", "required": True},
            "schema": {"type": "str", "required": True},
        }
    )
    | HTTP_OPTIONS
)


def main() -> None:
    refuse("workspace_unclaimed_info", OPTIONS)


if __name__ == "__main__":
    main()
