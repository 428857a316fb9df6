# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways by which people tell Ansible who acts in AWS, and a configuration of AWS with profiles of every kind."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECOND_CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox
from tests.serving import QuietHandler, serving

ACCOUNTS = {"a": CUSTOMER_ACCOUNT, "b": SECOND_CUSTOMER_ACCOUNT}
DEPLOYMENT = "Deployment"
DEPLOYMENT_ID = "acme-deployment"
SSO_START = "https://acme.awsapps.com/start"
# Nobody, as far as the environment goes.
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def keys(account: str, access: str = "access_key", secret: str = "secret_key") -> dict[str, str]:
    """Return the keys of an account, under the names of those that take them."""
    return {access: ACCOUNTS[account], secret: SECRET_ACCESS_KEY}


def exported(account: str) -> dict[str, str]:
    """Return the keys of an account as variables of the environment."""
    return keys(account, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def deployment_role(account: str) -> str:
    """Return the ARN of the role that may do everything in an account."""
    return f"arn:aws:iam::{ACCOUNTS[account]}:role/{DEPLOYMENT}"


@dataclass
class Said:
    """What one play says of AWS, and where."""

    variables: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    process: dict[str, str] = field(default_factory=dict)


def say(way: str, account: str) -> Said:
    """Return what names ``account`` in one way."""
    return {
        "role variables, keys": Said(variables=keys(account, "s3_access_aws_access_key", "s3_access_aws_secret_key")),
        "role variable, SSO profile": Said(variables={"s3_access_aws_profile": f"{account}-sso"}),
        "our module_defaults": Said(
            defaults={"group/onramp.braze_fivetran.aws": {"profile": f"{account}-credential-process"}}
        ),
        "module_defaults of amazon.aws": Said(defaults={"group/amazon.aws.aws": keys(account)}),
        "environment, keys": Said(environment=exported(account)),
        "environment, profile": Said(environment={"AWS_PROFILE": f"{account}-assumed"}),
        "exported keys": Said(process=exported(account)),
        "AWS_PROFILE": Said(process={"AWS_PROFILE": f"{account}-static"}),
        "role variables, role to assume": Said(
            variables={
                "s3_access_aws_assume_role_arn": deployment_role(account),
                "s3_access_aws_assume_role_external_id": DEPLOYMENT_ID,
            }
        ),
    }[way]


# The earlier outweighs the later. The environment of the play and that of the process are one thing to boto3: keys
# outweigh a profile, whichever of the two they come from.
ORDER = (
    "role variables, keys",
    "role variable, SSO profile",
    "our module_defaults",
    "module_defaults of amazon.aws",
    "environment, keys",
    "exported keys",
    "environment, profile",
    "AWS_PROFILE",
)
CONTRADICT = frozenset(ORDER[:2])
ASSUMED = "role variables, role to assume"
# So that no run takes longer than a run may.
CELLS_IN_A_RUN = 14


@dataclass(frozen=True)
class Cell:
    """Two ways at once: the first names account a, the second account b, or the other way round."""

    first: str
    second: str
    swapped: bool = False

    @property
    def name(self) -> str:
        return "cell-" + sha1(f"{self.first} {self.second} {self.swapped}".encode()).hexdigest()[:10]

    @property
    def said(self) -> Said:
        said, other = (say(way, account) for way, account in zip(self.ways, self.accounts, strict=True))
        return Said(
            {**said.variables, **other.variables},
            {**said.defaults, **other.defaults},
            {**said.environment, **other.environment},
            {**said.process, **other.process},
        )

    @property
    def ways(self) -> tuple[str, str]:
        return self.first, self.second

    @property
    def accounts(self) -> tuple[str, str]:
        return ("b", "a") if self.swapped else ("a", "b")

    @property
    def expected(self) -> str | None:
        """Return the account in which everything happens; None where the two contradict each other."""
        if set(self.ways) == CONTRADICT:
            return None
        named = dict(zip(self.ways, self.accounts, strict=True))
        winner = ASSUMED if ASSUMED in named else min(named, key=ORDER.index)
        return ACCOUNTS[named[winner]]

    def play(self) -> dict[str, Any]:
        """Return a play that makes policy and role of this cell's name."""
        said = self.said
        variables = {
            "s3_access_external_id": world.GROUP_ID,
            "s3_access_bucket": world.S3_BUCKET,
            "s3_access_role_name": self.name,
            "s3_access_policy_name": self.name,
            "s3_access_preflight": "ignore",
            **said.variables,
        }
        task = {"ansible.builtin.include_role": {"name": "onramp.braze_fivetran.s3_access"}, "vars": variables}
        rescued = {"block": [task], "rescue": [{"ansible.builtin.debug": {"msg": "refused"}}]}
        play: dict[str, Any] = {"name": self.name, "hosts": "localhost", "gather_facts": False, "tasks": [rescued]}
        if said.defaults:
            play["module_defaults"] = said.defaults
        if said.environment:
            play["environment"] = said.environment
        return play


def cells() -> Iterator[Cell]:
    """Yield every pair of ways; each way names now the one account, now the other."""
    for number, first in enumerate(ORDER):
        for other, second in enumerate((*ORDER[number + 1 :], ASSUMED)):
            yield Cell(first, second, swapped=(number + other) % 2 == 1)


def accounts_that_hold(sandbox: Sandbox, name: str) -> list[str]:
    """Return the accounts in which there is a role, or a policy, of this name."""
    found = []
    for account in ACCOUNTS.values():
        iam = sandbox.aws("iam", account)
        roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
        policies = [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
        if name in roles or name in policies:
            found.append(account)
    return found


def make_deployment_roles(sandbox: Sandbox) -> None:
    """Make a role in each account that both may assume, under an External ID, and that may do everything."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for account in ACCOUNTS.values():
        iam = sandbox.aws("iam", account)
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [f"arn:aws:iam::{number}:root" for number in ACCOUNTS.values()]},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": DEPLOYMENT_ID}},
                }
            ],
        }
        iam.create_role(RoleName=DEPLOYMENT, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=DEPLOYMENT, PolicyName="everything", PolicyDocument=json.dumps(everything))


@contextmanager
def aws_configuration(folder: Path) -> Iterator[dict[str, str]]:
    """Write profiles of every kind for both accounts; give the environment of somebody who has nothing else.

    The token of SSO lies in the folder ``home``, which is to be the home of who plays.
    """
    with _sso_portal() as portal:
        config = folder / "config"
        config.write_text("".join(_profiles(account, folder) for account in ACCOUNTS))
        _log_in(folder / "home")
        yield {
            **NOBODY,
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            "AWS_ENDPOINT_URL_SSO": portal,
        }


def _profiles(account: str, folder: Path) -> str:
    number = ACCOUNTS[account]
    other = "b" if account == "a" else "a"
    process = folder / f"{account}.py"
    answer = {"Version": 1, "AccessKeyId": number, "SecretAccessKey": SECRET_ACCESS_KEY}
    process.write_text(f"print({json.dumps(answer)!r})\n")
    return f"""
[profile {account}-static]
region = {REGION}
aws_access_key_id = {number}
aws_secret_access_key = {SECRET_ACCESS_KEY}
[profile {account}-credential-process]
credential_process = {sys.executable} {process}
[profile {account}-assumed]
role_arn = {deployment_role(account)}
external_id = {DEPLOYMENT_ID}
source_profile = {other}-static
[profile {account}-sso]
sso_start_url = {SSO_START}
sso_region = {REGION}
sso_account_id = {number}
sso_role_name = {DEPLOYMENT}
[profile {account}-mfa]
role_arn = {deployment_role(account)}
mfa_serial = arn:aws:iam::{number}:mfa/somebody
source_profile = {other}-static
"""


def _log_in(home: Path) -> None:
    """Lay down what ``aws sso login`` lays down."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {
        "startUrl": SSO_START,
        "region": REGION,
        "accessToken": "sandbox-sso-token",
        "expiresAt": "2099-01-01T00:00:00Z",
    }
    (cache / f"{sha1(SSO_START.encode()).hexdigest()}.json").write_text(json.dumps(token))


class _Portal(QuietHandler):
    """AWS's own portal of single sign-on: for its token, it gives keys of the account that is asked for."""

    def do_GET(self) -> None:
        account = parse_qs(urlsplit(self.path).query)["account_id"][0]
        found = {
            "accessKeyId": account,
            "secretAccessKey": SECRET_ACCESS_KEY,
            "sessionToken": "sandbox-sso-session",
            "expiration": int(time.time() + 3600) * 1000,
        }
        body = json.dumps({"roleCredentials": found}).encode()
        is_known = self.headers.get("x-amz-sso_bearer_token") == "sandbox-sso-token"
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _sso_portal() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def runs(chosen: Iterable[Cell]) -> list[list[Cell]]:
    """Return the cells by the environment that their process needs: each is one run with a play for each cell."""
    found: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in chosen:
        found.setdefault(tuple(sorted(cell.said.process.items())), []).append(cell)
    return [
        alike[start : start + CELLS_IN_A_RUN]
        for alike in found.values()
        for start in range(0, len(alike), CELLS_IN_A_RUN)
    ]
