# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notice that somebody else has written a managed policy at the same time: IAM has no etag, but it keeps versions.

Who writes last, wins. So the last one to write finds the version that came in between, and can put it back.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...._kernel.errors import OnrampError
from ...iam import pages, version_of
from ..documents import JsonObject, same_document


@dataclass(frozen=True)
class Versions:
    """The versions of a policy at one moment: whether each is the default, by its id. Without any, there is none."""

    defaults: Mapping[str, bool]

    @property
    def default(self) -> str:
        return next((version for version, is_default in self.defaults.items() if is_default), "")


@dataclass(frozen=True)
class Overwritten:
    """A version that somebody else has written between our look and our writing."""

    version: str
    document: JsonObject


def read_versions(iam: Any, arn: str) -> Versions:
    """Return the versions of a policy.

    :raises OnrampError: a refusal.
    """
    try:
        rows = pages(
            iam, "iam:ListPolicyVersions", "list_policy_versions", lambda page: page["Versions"], PolicyArn=arn
        )
    except OnrampError as error:
        if error.failure.code != "NoSuchEntity":
            raise
        rows = []
    return Versions({str(row["VersionId"]): bool(row["IsDefaultVersion"]) for row in rows})


def overwritten(iam: Any, arn: str, written: JsonObject, before: Versions) -> Overwritten | None:
    """Return what writing ``written`` has lost: the newest version of somebody else since ``before``, if ours counts.

    What is newer than ours was written after it; its author has put ours back, if ours counts all the same.
    """
    after = read_versions(iam, arn)
    newer = sorted(set(after.defaults) - set(before.defaults), key=_number, reverse=True)
    documents = {version: version_of(iam, arn, version) for version in newer}
    ours = [version for version in newer if same_document(documents[version], written)]
    # Where ours is an older version that was made the default again, nothing tells when that was.
    foreign = [version for version in newer if version not in ours and (not ours or _is_older(version, ours[0]))]
    if not foreign or after.default in foreign:
        return None
    return Overwritten(foreign[0], documents[foreign[0]])


def is_older_one(before: Versions, after: Versions) -> bool:
    """Tell whether an older version was made the default again, which leaves no trace that others could find."""
    return bool(before.default) and after.default != before.default and after.default in before.defaults


def _is_older(version: str, other: str) -> bool:
    return _number(version) < _number(other)


def _number(version: str) -> int:
    digits = version.lstrip("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0
