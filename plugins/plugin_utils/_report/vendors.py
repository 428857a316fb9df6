# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of one workspace at each of the vendors."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReportedPermission:
    """One permission of the key. ``state``: ``granted``, ``missing``, ``retired`` or ``undecided``."""

    name: str
    state: str
    optional: bool


@dataclass(frozen=True)
class ReportedKey:
    """The verdict about the Braze API key, as ``braze_api_key_info`` returns it."""

    verdict: str
    api_url: str
    instance: str
    permissions: tuple[ReportedPermission, ...]
    missing: tuple[str, ...]
    next_step: str


@dataclass(frozen=True)
class Landing:
    """The verdict about Currents, as ``braze_currents_info`` returns it; ``newest_hour`` in ISO 8601 or empty."""

    verdict: str
    storage: str
    bucket: str
    prefix: str
    newest_hour: str
    event_types: tuple[str, ...]
    next_step: str


@dataclass(frozen=True)
class AwsObject:
    """An IAM policy or role with its document (a role's is its trust policy).

    ``action``: what the run did, or, of what is planned, would do: ``none``, ``create``, ``update`` or ``delete``.
    ``digest``: of the document that was there when the run looked; empty if there was none, or nobody knows.
    """

    name: str
    arn: str
    action: str
    document: Mapping[str, Any]
    digest: str = ""


@dataclass(frozen=True)
class May:
    """Whether Fivetran may do one thing. ``answer``: ``yes``, ``no`` or ``unknown``. ``because``: a line each."""

    what: str
    answer: str
    because: tuple[str, ...]


@dataclass(frozen=True)
class S3Access:
    """What lets Fivetran read the S3 bucket. Without documents, only the ARN of the role is known."""

    role_arn: str
    policy: AwsObject | None = None
    role: AwsObject | None = None
    storage: str = "s3"

    @property
    def is_as_wanted(self) -> bool:
        """Tell whether the run had nothing to do about it, or would have nothing."""
        return all(made is None or made.action == "none" for made in (self.policy, self.role))


@dataclass(frozen=True)
class GcsAccess:
    """The grant on the GCS bucket; ``action`` as in :class:`AwsObject`."""

    bucket: str
    role: str
    member: str
    condition: Mapping[str, Any]
    action: str
    storage: str = "gcs"

    @property
    def is_as_wanted(self) -> bool:
        """Tell whether the run had nothing to do about it, or would have nothing."""
        return self.action == "none"


@dataclass(frozen=True)
class ReportedConnection:
    """The connection as Fivetran has it. ``id`` is empty in check mode if it does not exist yet. Times: ISO 8601."""

    id: str
    schema: str
    group: str
    action: str
    paused: bool | None
    setup_state: str
    sync_state: str
    update_state: str
    sync_frequency: int | None
    succeeded_at: str
    failed_at: str


@dataclass(frozen=True)
class ReportedTest:
    """One setup test of Fivetran, with its own title, status and message."""

    title: str
    status: str
    message: str
