# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Access to AWS; the spec stands in module_utils/_kernel/options.py."""

    DOCUMENTATION = r"""
options:
  access_key:
    description:
      - Id of the AWS access key to act with. Needs O(secret_key), and stands in the place of O(profile).
      - If neither is set, boto3 looks for credentials in its own order, which begins with the environment variables
        E(AWS_ACCESS_KEY_ID), E(AWS_SECRET_ACCESS_KEY) and E(AWS_SESSION_TOKEN), and only then turns to E(AWS_PROFILE).
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - Secret of the AWS access key.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - Token of temporary AWS credentials.
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - Profile of the AWS configuration to act with, whichever way it gets its credentials; one that would ask for an
        MFA code is refused.
      - A profile that is given here outweighs keys that are exported. E(AWS_PROFILE) does not, as with boto3.
    type: str
    aliases: [aws_profile]
  region:
    description:
      - AWS region to talk to. IAM is global, but its requests are signed for a region as well.
      - If unset, the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION) are used, then the profile's region,
        then V(us-east-1).
    type: str
    aliases: [aws_region]
  endpoint_url:
    description:
      - Where all requests go instead of AWS's own addresses. Plain HTTP is accepted to this machine only.
      - If unset, what boto3 finds in the environment or in the AWS configuration, such as E(AWS_ENDPOINT_URL).
    type: str
    aliases: [aws_endpoint_url]
  validate_certs:
    description:
      - Whether TLS certificates are checked. Rather name those to trust with O(aws_ca_bundle).
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - File with the certificates to trust. If unset, what boto3 finds, such as E(AWS_CA_BUNDLE).
    type: path
  assume_role_arn:
    description:
      - ARN of an IAM role to act as. The identity that the other options name assumes it, so that it reaches many
        accounts.
    type: str
  assume_role_external_id:
    description:
      - External ID under which O(assume_role_arn) is assumed, if its trust policy asks for one. It has nothing to do
        with the one that Fivetran shows.
    type: str
  assume_role_session_name:
    description:
      - Name of the session of O(assume_role_arn), by which CloudTrail shows what was done.
      - If unset, V(onramp-braze-fivetran).
    type: str
requirements:
  - boto3 >= 1.34.0
notes:
  - Where these options leave something open, what C(module_defaults) says for C(group/amazon.aws.aws) counts as well.
"""
