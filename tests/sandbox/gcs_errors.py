# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors in the format of Google Cloud Storage's JSON API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

_IAM_WORDS = {403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class GcsError(Exception):
    """A refusal. ``reason`` is Google's, such as ``notFound``; ``location`` names the parameter or header at fault."""

    def __init__(self, status: int, reason: str, message: str, location: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.location = location

    def answer(self) -> web.Response:
        """Return the error as Google answers it."""
        detail: dict[str, Any] = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location is not None:
            detail["locationType"], detail["location"] = self.location
        error = {"code": self.status, "message": self.message, "errors": [detail]}
        return web.json_response({"error": error}, status=self.status)


class IamError(GcsError):
    """A refusal of Google's IAM, whose API speaks another dialect: the reason stands in the details."""

    def answer(self) -> web.Response:
        """Return the error as Google answers it."""
        detail = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.reason,
            "domain": "iam.googleapis.com",
        }
        error = {"code": self.status, "message": self.message, "status": _IAM_WORDS[self.status], "details": [detail]}
        return web.json_response({"error": error}, status=self.status)


def role_forbidden(name: str) -> IamError:
    """403 for a role."""
    return IamError(403, "IAM_PERMISSION_DENIED", f"You don't have permission to get the role at {name}.")


def no_role(name: str) -> IamError:
    """404 for a role."""
    return IamError(404, "RESOURCE_NOT_FOUND", f"The role named {name} was not found.")


def iam_disabled() -> IamError:
    """403 where the API is not enabled in the project that is charged."""
    message = "Identity and Access Management (IAM) API has not been used in project 4711 before or it is disabled."
    return IamError(403, "SERVICE_DISABLED", message)


def no_bucket() -> GcsError:
    """404 for a bucket."""
    return GcsError(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> GcsError:
    """404 for an object."""
    return GcsError(404, "notFound", f"No such object: {bucket}/{name}")


def invalid(message: str) -> GcsError:
    """400 about what was sent."""
    return GcsError(400, "invalid", message)


def forbidden(who: str, permission: str, resource: str) -> GcsError:
    """403 for a missing permission; ``resource`` is ``bucket``, ``object`` or ``project``."""
    return GcsError(
        403,
        "forbidden",
        f"{who} does not have {permission} access to the Google Cloud Storage {resource}."
        f" Permission '{permission}' denied on resource (or it may not exist).",
    )


def conflict(status: int) -> GcsError:
    """An etag or precondition that does not hold: 412 as Cloud Storage answers, or 409 as IAM's documentation says."""
    if status == 409:
        message = "There were concurrent policy changes. Please retry the whole read-modify-write with back-off."
        return GcsError(409, "conflict", message)
    message = "At least one of the pre-conditions you specified did not hold."
    return GcsError(412, "conditionNotMet", message, ("header", "If-Match"))


def sharing_restricted(status: int) -> GcsError:
    """Domain-restricted sharing: the organization allows no members from elsewhere."""
    message = "One or more users named in the policy do not belong to a permitted customer, perhaps due to an"
    reason = "conditionNotMet" if status == 412 else "invalid"
    return GcsError(status, reason, f"{message} organization policy.")


def user_project_missing() -> GcsError:
    """400 for a requester-pays bucket when nobody is named to pay."""
    return GcsError(400, "required", "Bucket is a requester pays bucket but no user project provided.")
