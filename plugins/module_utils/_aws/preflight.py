# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explain what about an S3 bucket would make Fivetran or Braze fail, before they do.

``bucket`` asks AWS, ``bucket_findings`` judges what it told. What the credentials may not look at is a finding too,
never a failure.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from .._bucket.finding import report
from .._bucket.names import bare_folder
from .._kernel.task import Result, Task
from .access.documents import Reading, check_reading, check_role_arn
from .bucket import S3Reader, look
from .bucket_findings import s3_findings
from .client import aws_from_params, identity


def preflight_info(task: Task) -> Result:
    """Do the work of ``s3_bucket_preflight_info``."""
    params = task.params
    reading = check_reading(
        Reading(
            buckets=tuple(dict.fromkeys(params["buckets"])), kms_key_arns=tuple(filter(None, params["kms_key_arns"]))
        )
    )
    role_arn = check_role_arn("role_arn", params["role_arn"]) if params["role_arn"] else None
    aws = aws_from_params(params, clients=task.clients)
    if role_arn is None:
        caller = identity(aws)
        role_arn = f"arn:{caller.partition}:iam::{caller.account}:role/{params['role_name']}"
    account = role_arn.split(":")[4]
    s3 = aws.client("s3")
    found = [
        finding
        for name in reading.buckets
        for finding in s3_findings(
            look(s3, name, account), S3Reader(role_arn, bare_folder(params["prefix"])), reading.kms_key_arns
        )
    ]
    return {**report(task, found, params["on_problem"]), "role_arn": role_arn}
