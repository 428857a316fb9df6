# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that several modules share: each group's argument spec and what is built from it.

The documentation of a group is the doc fragment of the same name.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from .spec import OptionGroup

HTTP_OPTIONS = OptionGroup(
    {
        "request_timeout": {"type": "int", "default": 30},
        "retry_timeout": {"type": "int", "default": 120},
        # Twice the longest window of a limit of Fivetran or Braze, an hour.
        "rate_limit_timeout": {"type": "int", "default": 2 * 60 * 60},
    }
)

FIVETRAN_OPTIONS = (
    OptionGroup(
        {
            "fivetran_api_key": {"type": "str", "required": True, "no_log": True, "env": ["FIVETRAN_APIKEY"]},
            "fivetran_api_secret": {"type": "str", "required": True, "no_log": True, "env": ["FIVETRAN_APISECRET"]},
            "fivetran_api_url": {"type": "str", "default": "https://api.fivetran.com", "env": ["FIVETRAN_API_URL"]},
        }
    )
    | HTTP_OPTIONS
)

WHERE_MADE = "Key and secret are made together in Fivetran: your name > API Key."
_MISSING = "missing required arguments: "

BRAZE_OPTIONS = (
    OptionGroup(
        {
            "api_key": {"type": "str", "required": True, "no_log": True},
            "api_url": {"type": "str", "required": True},
        }
    )
    | HTTP_OPTIONS
)

GCS_OPTIONS = (
    OptionGroup(
        {
            "credentials_file": {"type": "path"},
            "user_project": {"type": "str"},
        }
    )
    | HTTP_OPTIONS
)

# Under the names of amazon.aws. Credentials have no fallback to the environment, which boto3 reads itself: taken from
# there, a profile would look as if a person had named it, and outweigh keys that AWS's own order puts before it.
AWS_OPTIONS = OptionGroup(
    {
        # The id of a key, not the key.
        "access_key": {"type": "str", "aliases": ["aws_access_key_id", "aws_access_key"], "no_log": False},
        "secret_key": {"type": "str", "aliases": ["aws_secret_access_key", "aws_secret_key"], "no_log": True},
        "session_token": {"type": "str", "aliases": ["aws_session_token"], "no_log": True},
        "profile": {"type": "str", "aliases": ["aws_profile"]},
        "region": {"type": "str", "aliases": ["aws_region"], "env": ["AWS_REGION", "AWS_DEFAULT_REGION"]},
        "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"]},
        "validate_certs": {"type": "bool", "default": True},
        "aws_ca_bundle": {"type": "path"},
        "assume_role_arn": {"type": "str"},
        "assume_role_external_id": {"type": "str"},
        "assume_role_session_name": {"type": "str"},
    }
)


def with_next_step(message: str) -> str:
    """Return what Ansible says of arguments, with where to get those that prove to Fivetran who we are."""
    names = message.removeprefix(_MISSING).split(", ") if message.startswith(_MISSING) else []
    variables = [
        option["env"][0] for name, option in FIVETRAN_OPTIONS.arguments.items() if name in names and "env" in option
    ]
    if not variables:
        return message
    return f"{message}. Set them here, or export {' and '.join(variables)}. {WHERE_MADE}"
