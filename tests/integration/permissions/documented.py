# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/permissions.md says, and people in AWS who hold exactly that, or exactly that without one action."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import EXAMPLES, play
from tests.playbook import PlayResult
from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox

PAGE = CHECKOUT / "docs" / "permissions.md"
# AWS judges iam:CreatePolicy by the ARN that the policy will have; the emulator has no resource for it but "*".
WITHOUT_RESOURCE = ("iam:CreatePolicy",)
ROOT = "root"

Policy = dict[str, Any]


def block(language: str, title: str) -> str:
    """Return the code block of ``language`` below the heading ``title`` of the page."""
    section = re.split(rf"^#+ {re.escape(title)}$", PAGE.read_text(), maxsplit=1, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    match = re.search(rf"^```{language}\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert match is not None, f"docs/permissions.md has no {language} block below {title}"
    return match.group(1)


def aws_policy(title: str) -> Policy:
    """Return the policy of one AWS section of the page."""
    policy: Policy = json.loads(block("json", title))
    return policy


def actions(policy: Policy, *, without: Iterable[str] = ()) -> list[str]:
    """Return the actions of a policy, in order; ``without`` names statements by Sid that are left out."""
    left_out = set(without)
    kept = [statement for statement in policy["Statement"] if statement["Sid"] not in left_out]
    return [action for statement in kept for action in statement["Action"]]


def lacking(policy: Policy, action: str | None) -> Policy:
    """Return the policy without one action, as the emulator has to read it."""
    reduced = copy.deepcopy(policy)
    for statement in reduced["Statement"]:
        statement["Action"] = [name for name in statement["Action"] if name != action]
    held = actions(reduced)
    reduced["Statement"] = [statement for statement in reduced["Statement"] if statement["Action"]]
    reduced["Statement"] += [
        {"Effect": "Allow", "Action": name, "Resource": "*"} for name in WITHOUT_RESOURCE if name in held
    ]
    return reduced


@dataclass(frozen=True)
class Person:
    """Who runs a playbook for one workspace: the host's name, and the action of the policy that this person lacks."""

    host: str
    lacks: str | None


class Team:
    """One person for each action of a policy, who lacks it, and one who lacks nothing. Each has a workspace.

    The workspaces share nothing but the folder: each has an IAM role and policy and a connection of its own.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, policy: Policy, missing: Iterable[str]) -> None:
        self.sandbox = sandbox
        self.people = [Person("complete", None), *(Person(_host(action), action) for action in missing)]
        self.credentials = folder / "credentials"
        profiles = {ROOT: (CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY)}
        iam = sandbox.aws("iam")
        for person in self.people:
            iam.create_user(UserName=person.host)
            document = json.dumps(lacking(policy, person.lacks))
            iam.put_user_policy(UserName=person.host, PolicyName="Documented", PolicyDocument=document)
            key = iam.create_access_key(UserName=person.host)["AccessKey"]
            profiles[person.host] = (key["AccessKeyId"], key["SecretAccessKey"])
        self.credentials.write_text("".join(_profile(name, *keys) for name, keys in profiles.items()))

    def play(self, name: str, *arguments: str, profile: str | None = None) -> PlayResult:
        """Run a playbook, each workspace with the credentials of its person, or all with those of ``profile``."""
        return play(
            self.sandbox,
            name,
            *arguments,
            inventory=self.inventory(profile),
            AWS_SHARED_CREDENTIALS_FILE=str(self.credentials),
            AWS_ACCESS_KEY_ID="",
            AWS_SECRET_ACCESS_KEY="",
        )

    def inventory(self, profile: str | None) -> dict[str, Any]:
        """Return the inventory: for each person a workspace like shop_us of examples/workspaces.yml."""
        example = yaml.safe_load((EXAMPLES / "workspaces.yml").read_text())["braze_workspaces"]
        hosts = {
            person.host: {
                **example["hosts"]["shop_us"],
                "fivetran_schema": f"braze_{person.host}",
                "currents_folder_shared": True,
                "s3_access_aws_profile": profile or person.host,
                "s3_access_role_name": role_name(person.host),
                "s3_access_policy_name": policy_name(person.host),
            }
            for person in self.people
        }
        return {"braze_workspaces": {"vars": example["vars"], "hosts": hosts}}

    def copy_access(self) -> None:
        """Give everybody's workspace the IAM role and policy that the workspace ``complete`` has."""
        iam = self.sandbox.aws("iam")
        role = iam.get_role(RoleName=role_name("complete"))["Role"]
        policy = iam.get_policy(PolicyArn=policy_arn("complete"))["Policy"]
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        for person in self.people[1:]:
            iam.create_policy(
                PolicyName=policy_name(person.host),
                PolicyDocument=json.dumps(version["Document"]),
                Tags=policy["Tags"],
            )
            iam.create_role(
                RoleName=role_name(person.host),
                AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
                Tags=role["Tags"],
            )
            iam.attach_role_policy(RoleName=role_name(person.host), PolicyArn=policy_arn(person.host))

    def check(self, result: PlayResult) -> None:
        """Hold that all who lack nothing succeeded, and that everybody else failed and was told what they lack."""
        assert result.stats["complete"]["failures"] == 0, result.messages("complete")
        told = {
            person.lacks: result.messages(person.host)
            for person in self.people
            if person.lacks and result.stats[person.host]["failures"]
        }
        not_needed = {person.lacks for person in self.people if person.lacks} - set(told)
        assert not not_needed, f"nobody fails for lack of {sorted(not_needed)}"
        unclear = {action: message for action, message in told.items() if f"perform: {action}" not in message}
        assert not unclear, f"these messages do not name what is lacking: {unclear}"


def role_name(host: str) -> str:
    """Return the name of the workspace's IAM role."""
    return f"Fivetran-{host}"


def policy_name(host: str) -> str:
    """Return the name of the workspace's IAM policy."""
    return f"Fivetran-S3-Access-{host}"


def policy_arn(host: str) -> str:
    """Return the ARN of the workspace's IAM policy."""
    return f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/{policy_name(host)}"


def _host(action: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", action.replace(":", "_")).lower()


def _profile(name: str, key: str, secret: str) -> str:
    return f"[{name}]\naws_access_key_id={key}\naws_secret_access_key={secret}\nregion={REGION}\n"
