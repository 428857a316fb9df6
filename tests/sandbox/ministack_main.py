# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ministack with iam:SetDefaultPolicyVersion, which it does not know: versions keep their numbers, as with AWS.

Started as a file, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.app import main
from ministack.services import iam


def set_default(parameters: Mapping[str, Any]) -> Any:
    """Answer SetDefaultPolicyVersion."""
    policy = iam._policies.get(iam._p(parameters, "PolicyArn"))
    wanted = iam._p(parameters, "VersionId")
    if not policy or wanted not in policy["Versions"]:
        return iam._error(404, "NoSuchEntity", f"Policy version {wanted} not found.", ns="iam")
    for version in policy["Versions"].values():
        version["IsDefaultVersion"] = version["VersionId"] == wanted
    policy["DefaultVersionId"] = wanted
    return iam._xml(200, "SetDefaultPolicyVersionResponse", "", ns="iam")


if __name__ == "__main__":
    iam._IAM_HANDLERS["SetDefaultPolicyVersion"] = set_default
    main()
