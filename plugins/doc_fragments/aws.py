# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Access to AWS; the spec stands in module_utils/_options.py."""

    DOCUMENTATION = r"""
options:
  profile:
    description:
      - Profile of the AWS configuration whose credentials are used.
      - If unset, the environment variable E(AWS_PROFILE) is used, and without it the default chain of the AWS SDK.
    type: str
    aliases: [aws_profile]
  region:
    description:
      - AWS region to talk to. IAM is global, but its requests are signed for a region as well.
      - If unset, the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION) are used, then the profile's region,
        then V(us-east-1).
    type: str
    aliases: [aws_region]
requirements:
  - boto3 >= 1.34.0
notes:
  - The environment variable E(AWS_ENDPOINT_URL) directs the requests to an emulator.
"""
