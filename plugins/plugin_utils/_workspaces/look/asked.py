# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules are asked about a workspace: their options, made of its settings as the roles make them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ....module_utils._aws.credentials.connection import with_defaults
from ....module_utils._braze.instances import find_endpoint
from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import SERVICE, BrazeConfig, braze_config
from ....module_utils._fivetran.connection.config import config_differences
from ....module_utils._kernel.errors import InvalidArgument
from ....module_utils._kernel.options.shared import AWS_OPTIONS
from ....module_utils._kernel.runner import validator
from ....module_utils._kernel.task import ModuleSpec, Task
from ....modules import (
    braze_api_key_info,
    braze_currents_info,
    fivetran_account_info,
    fivetran_connection,
    gcs_bucket_iam_member,
    s3_access_plan_info,
)
from ..._settings.settings import Settings

if TYPE_CHECKING:
    from ....module_utils._aws.access.model import Actual, ActualRole, Place
    from ....module_utils._aws.bucket import S3Bucket
    from ....module_utils._aws.client import Identity
    from ....module_utils._aws.simulation import SimulatedAction
    from ....module_utils._bucket.effect import Reason
    from ....module_utils._google.preflight import GcsBucket


# Where a variable of a role, without the role's prefix, has another name than the module's option.
RENAMED: Mapping[str, str] = {
    f"aws_{option}": option for option in AWS_OPTIONS.arguments if not option.startswith("aws_")
}


UNKNOWN_ROLE = "arn:aws:iam::000000000000:role/unknown"


def fivetran_params(settings: Settings, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of whatever talks to Fivetran."""
    return _validated(fivetran_account_info.SPEC, {**_fivetran_credentials(settings), **limits})


def _fivetran_credentials(settings: Settings) -> dict[str, Any]:
    names = ("fivetran_api_key", "fivetran_api_secret", "fivetran_api_url")
    return {name: getattr(settings, name) for name in names}


def key_params(settings: Settings, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of ``braze_api_key_info``; what to do about the verdict is decided later."""
    given = {"api_key": settings.braze_api_key, "api_url": settings.braze_api_url, "on_problem": "ignore"}
    return _params(braze_api_key_info.SPEC, settings, "braze_api_key", {**given, **limits})


def landing_params(settings: Settings, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of ``braze_currents_info``. By default it looks as the identity that makes the role."""
    given: dict[str, Any] = {
        "storage": settings.storage,
        "bucket": settings.bucket,
        "prefix": settings.prefix,
        **dict.fromkeys(("on_quiet", "on_no_access", "on_problem"), "ignore"),
        **with_defaults(aws_options(settings, "currents_landing"), aws_options(settings, "s3_access")),
    }
    return _params(braze_currents_info.SPEC, settings, "currents_landing", {**given, **limits})


def s3_access_params(
    settings: Settings,
    external_id: str = "",
    buckets: Sequence[str] = (),
    *,
    limits: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the options of ``s3_access_plan_info``."""
    given = {"external_id": external_id, "buckets": list(buckets), "prefix": settings.prefix, **limits}
    return _params(s3_access_plan_info.SPEC, settings, "s3_access", given)


def gcs_bucket_params(settings: Settings, limits: Mapping[str, Any], member: str = "") -> dict[str, Any]:
    """Return the options of ``gcs_bucket_iam_member``."""
    access = settings.roles["gcs_access"]
    given: dict[str, Any] = {"bucket": settings.bucket, "member": member, **limits}
    if access["scope"] == "prefix":
        given["folder"] = settings.prefix
    return _params(gcs_bucket_iam_member.SPEC, settings, "gcs_access", given)


def connection_params(
    settings: Settings, group_id: str, config: BrazeConfig, limits: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Return the options of ``fivetran_connection``."""
    may_replace = settings.roles["fivetran_connection"]["adopt"]
    given = {
        "group_id": group_id,
        "service": SERVICE,
        "schema": settings.fivetran_schema,
        "config": config["config"],
        "config_secrets": config["config_secrets"],
        "config_on_create": config["config_on_create"],
        "protected_config": [] if may_replace else config["protected_config"],
        "state": "present",
        **_fivetran_credentials(settings),
        **limits,
        **more,
    }
    return _params(fivetran_connection.SPEC, settings, "fivetran_connection", given)


def connection_config(settings: Settings, role_arn: str = UNKNOWN_ROLE) -> BrazeConfig:
    """Return Fivetran's configuration for a workspace. Fivetran stores the ARN masked, so that it is not compared."""
    bucket = settings.bucket if settings.storage in ("s3", "gcs") else ""
    given = {
        **settings.roles["fivetran_connection"],
        "api_url": find_endpoint(settings.braze_api_url).api_url if settings.braze_api_url else "",
        "api_key": settings.braze_api_key,
        "storage": settings.storage,
        "bucket": bucket,
        "container": settings.bucket if settings.storage == "azure" else "",
        "prefix": settings.prefix,
        "role_arn": role_arn if settings.storage == "s3" else "",
        "connection_string": settings.connection_string,
    }
    return braze_config(given, "fivetran_connection_")


def may_differ(settings: Settings, rows: Sequence[JsonObject]) -> bool:
    """Tell whether Fivetran holds another configuration than the settings want, so that it will be checked.

    ``rows``: the connections of its schema.
    """
    made = connection_config(settings)
    wanted, secrets = {**made["config"], **made["config_secrets"]}, made["config_secrets"]
    return any(config_differences(wanted, secrets, row) for row in rows)


def _params(spec: ModuleSpec, settings: Settings, role: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the module's options: those of the role that the module has, and ``given``, which outweighs them."""
    of_the_role = {RENAMED.get(name, name): value for name, value in settings.roles[role].items()}
    known = {name: value for name, value in of_the_role.items() if name in spec.options.arguments and value is not None}
    return _validated(spec, {**known, **given})


def _validated(spec: ModuleSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as the module would get them, with defaults and what the environment gives.

    :raises InvalidArgument: what the module would refuse.
    """
    validation = _validator(spec).validate(dict(given))
    if validation.error_messages:
        raise InvalidArgument(" ".join(validation.error_messages))
    params: dict[str, Any] = validation.validated_parameters
    return params


_validators: dict[Any, ArgumentSpecValidator] = {}


def _validator(spec: ModuleSpec) -> ArgumentSpecValidator:
    if spec.work not in _validators:
        _validators[spec.work] = validator(spec.options)
    return _validators[spec.work]


def aws_credentials(settings: Settings) -> tuple[Any, ...]:
    """Return what workspaces have in common that act with the same AWS credentials."""
    access = settings.roles["s3_access"]
    said = tuple(sorted(aws_options(settings, "s3_access").items()))
    return said, access.get("partition") or "", access.get("account_id") or ""


def aws_options(settings: Settings, role: str) -> dict[str, Any]:
    """Return what a workspace says of AWS for a role, as options of the modules; what is empty is not said."""
    of_the_role = {RENAMED.get(name, name): value for name, value in settings.roles[role].items()}
    return {
        name: value for name, value in of_the_role.items() if name in AWS_OPTIONS.arguments and value not in (None, "")
    }


def gcs_credentials(settings: Settings) -> tuple[Any, ...]:
    """Return what workspaces have in common that act with the same Google credentials."""
    access = settings.roles["gcs_access"]
    return access.get("credentials_file") or "", access.get("user_project") or ""


def names_in_iam(settings: Settings) -> tuple[str, str, str]:
    """Return the names under which policy and role are looked for, and their path."""
    access = settings.roles["s3_access"]
    return str(access["policy_name"]), str(access["role_name"]), str(access["path"])


def wanted_boundary(settings: Settings) -> str | None:
    """Return the permissions boundary that the role is to have; None where that is left alone."""
    boundary: str | None = settings.roles["s3_access"].get("permissions_boundary")
    return boundary


def given_role(settings: Settings) -> str:
    """Return the ARN of the role that the user names as somebody else's; empty if there is none."""
    return str(settings.roles["s3_access"].get("role_arn") or "")


def read_identity(task: Task) -> Identity:
    """Return whose credentials these are."""
    from ....module_utils._aws.client import aws_from_params, check_account, identity

    who = identity(aws_from_params(task.params, task.params["partition"], task.clients))
    check_account(who, task.params["account_id"])
    return who


def read_iam(settings: Settings, who: Identity, task: Task, *, for_removal: bool) -> Actual:
    """Return what the account holds under the names of policy and role."""
    from ....module_utils._aws.access.documents import Reading
    from ....module_utils._aws.access.model import DesiredAccess
    from ....module_utils._aws.access.read import read_actual
    from ....module_utils._aws.client import aws_from_params

    policy_name, role_name, path = names_in_iam(settings)
    aws = aws_from_params(task.params, task.params["partition"], task.clients)
    names = DesiredAccess(
        policy_name=policy_name, role_name=role_name, external_id="", reading=Reading(()), trust={},
        account=who.account, partition=task.params["partition"] or who.partition, path=path,
        permissions_boundary=wanted_boundary(settings),
    )  # fmt: skip
    return read_actual(aws, names, for_removal=for_removal)


def read_given_role(settings: Settings, who: Identity, task: Task) -> ActualRole | Reason | None:
    """Return the role that is somebody else's by order of the user."""
    from ....module_utils._aws.access.read import read_given
    from ....module_utils._aws.client import aws_from_params

    aws = aws_from_params(task.params, task.params["partition"], task.clients)
    return read_given(aws, who.account, given_role(settings))


def ask_simulation(role_arn: str, place: Place, task: Task) -> tuple[SimulatedAction, ...]:
    """Return what AWS itself says of a role and what it is to read; nothing where it may not be asked."""
    from ....module_utils._aws.client import aws_from_params
    from ....module_utils._aws.simulation import simulate

    return simulate(aws_from_params(task.params, task.params["partition"], task.clients), role_arn, place)


def look_at_s3_bucket(settings: Settings, who: Identity, task: Task) -> S3Bucket:
    """Return how the S3 bucket is set up."""
    from ....module_utils._aws.bucket import look
    from ....module_utils._aws.client import aws_from_params

    aws = aws_from_params(task.params, task.params["partition"], task.clients)
    return look(aws.client("s3"), settings.bucket, who.account)


def gcs_roles_in_doubt(settings: Settings, bucket: GcsBucket, member: str) -> tuple[str, ...]:
    """Return the roles without which nobody can tell what Fivetran may do in the bucket."""
    from ....module_utils._google.effect.effect import roles_in_doubt
    from ....module_utils._google.policy import is_role

    bindings, role = (bucket.policy or {}).get("bindings") or (), str(settings.roles["gcs_access"]["role"])
    named = {"wanted": role} if is_role(role) else {}
    now = datetime.now(UTC)
    return roles_in_doubt(bindings, f"serviceAccount:{member}", bucket.name, settings.prefix, now=now, **named)


def read_gcs_role(role: str, task: Task) -> frozenset[str] | str:
    """Return what a role in Google Cloud allows, or why that cannot be read."""
    from ....module_utils._google.effect.roles import role_permissions

    return role_permissions(task.params, role, task.clients)


def look_at_gcs_bucket(task: Task) -> GcsBucket:
    """Return how the bucket in Google Cloud Storage is set up, and its policy."""
    from ....module_utils._google.iam import access_from_params
    from ....module_utils._google.preflight import look

    return look(access_from_params(task.params, task.clients))
