# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read policies and their documents from IAM; what the credentials may not read is a document without content."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._kernel.clients import Clients
from .._kernel.errors import OnrampError
from .access.documents import JsonObject
from .effect.effect import Document
from .errors import ask

# Of a hundred each: more than an account can have roles or policies.
MOST_PAGES = 200
# Why a policy has no document that does not exist.
NO_SUCH_POLICY = "there is no such policy"
# Refused, or taken away since it was listed.
_NOT_TOLD = frozenset({403, 404})


def pages(
    iam: Any, action: str, operation: str, read: Callable[[JsonObject], Iterable[Any]], **arguments: Any
) -> list[Any]:
    """Return what ``read`` finds in the pages of an answer; ``action`` is the permission that the call needs.

    :raises OnrampError: a refusal, or no usable answer.
    """
    found: list[Any] = ask(
        action, iam.get_paginator(operation).paginate,
        lambda answers: [item for page in _to_an_end(answers) for item in read(page)], **arguments,
    )  # fmt: skip
    return found


def _to_an_end(answers: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Yield the pages, of which boto3 notices only whether the next one is the same.

    :raises ValueError: it goes round, or on for ever.
    """
    markers: set[str] = set()
    for page in answers:
        yield page
        marker = str(page.get("Marker") or "")
        if marker in markers or len(markers) > MOST_PAGES:
            raise ValueError("the listing has no end")
        markers |= {marker} - {""}


def attached_to(iam: Any, role_name: str) -> list[str]:
    """Return the ARNs of the policies that are attached to a role."""
    return pages(
        iam, "iam:ListAttachedRolePolicies", "list_attached_role_policies",
        lambda page: [policy["PolicyArn"] for policy in page["AttachedPolicies"]], RoleName=role_name,
    )  # fmt: skip


def inline_of(iam: Any, role_name: str) -> list[str]:
    """Return the names of the policies that stand in a role."""
    return pages(
        iam, "iam:ListRolePolicies", "list_role_policies", lambda page: list(page["PolicyNames"]), RoleName=role_name
    )


def decoded(document: Any) -> JsonObject:
    """Return a document, which boto3 gives as text where it was not percent-encoded."""
    return dict(json.loads(document) if isinstance(document, str) else document)


def tags(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a role or a policy."""
    return {tag["Key"]: tag["Value"] for tag in data.get("Tags") or ()}


def tag_keys(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a role as the condition keys that its sessions have."""
    return {f"aws:PrincipalTag/{name}": value for name, value in labels.items()}


def policy_title(arn: str) -> str:
    """Return what a document of a managed policy is called."""
    return f"the policy {arn}"


def version_of(iam: Any, arn: str, version: str) -> JsonObject:
    """Return a version of a managed policy."""
    document: JsonObject = ask(
        "iam:GetPolicyVersion", iam.get_policy_version,
        lambda answer: decoded(answer["PolicyVersion"]["Document"]), PolicyArn=arn, VersionId=version,
    )  # fmt: skip
    return document


def permitted(read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns; None where the credentials may not know.

    :raises OnrampError: any other failure.
    """
    try:
        return read()
    except OnrampError as error:
        if error.failure.status not in _NOT_TOLD:
            raise
        return None


def unread(name: str, action: str) -> Document:
    """Return what stands for a document that may not be read for want of ``action``."""
    return Document(name, None, f"the credentials lack {action}")


@dataclass(frozen=True)
class ManagedPolicy:
    """A policy that is attached to a role. ``tags``: empty also where they may not be read."""

    name: str
    document: Document
    tags: Mapping[str, str]


class PolicyReader:
    """Reads documents. Policies that several roles share are read once; threads may share a reader."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam
        self._policies = Clients()

    def managed(self, arn: str) -> ManagedPolicy:
        """Return a managed policy with its default version."""
        policy: ManagedPolicy = self._policies.get(arn, lambda: self._managed(arn))
        return policy

    def _managed(self, arn: str) -> ManagedPolicy:
        policy = permitted(
            lambda: ask(
                "iam:GetPolicy", self._iam.get_policy, lambda answer: dict(answer["Policy"]), ("NoSuchEntity",),
                PolicyArn=arn,
            ) or {}
        )  # fmt: skip
        if not policy:
            title = policy_title(arn)
            nothing = unread(title, "iam:GetPolicy") if policy is None else Document(title, None, NO_SUCH_POLICY)
            return ManagedPolicy(arn.rpartition("/")[2], nothing, {})
        content = permitted(lambda: version_of(self._iam, arn, policy["DefaultVersionId"]))
        document = (
            unread(policy_title(arn), "iam:GetPolicyVersion")
            if content is None
            else Document(policy_title(arn), content)
        )
        return ManagedPolicy(str(policy["PolicyName"]), document, tags(policy))

    def boundary(self, arn: str) -> Document | None:
        """Return the permissions boundary of this ARN; None where there is none."""
        return replace(self.managed(arn).document, name=f"the permissions boundary {arn}") if arn else None

    def inline(self, role_name: str, name: str) -> Document:
        """Return a policy that stands in a role."""
        content = permitted(
            lambda: ask(
                "iam:GetRolePolicy", self._iam.get_role_policy, lambda answer: decoded(answer["PolicyDocument"]),
                RoleName=role_name, PolicyName=name,
            )
        )  # fmt: skip
        title = f"the inline policy {name}"
        return unread(title, "iam:GetRolePolicy") if content is None else Document(title, content)
