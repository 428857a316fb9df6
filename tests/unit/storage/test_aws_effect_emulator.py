# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our judgement of AWS's policies against an independent one: the engine of ministack, called in this process.

Wherever we say yes or no, the engine agrees, whatever values it is given for what we do not know. Left out is where the
engine differs from AWS's documentation, and so would teach us something wrong:

- ``aws:PrincipalArn`` of a session: the engine compares the session's ARN, AWS the role's.
- Policy variables: the engine does not replace them.
- ``NotPrincipal``: for the engine such a statement never applies; AWS denies everybody who is not excepted.
- A Principal with wildcards, or one that names a role of the same name below another path: the engine matches both.
- A Principal ``*`` that allows beside a permissions boundary that does not: the engine says no, AWS documents a yes if
  the role is named by ``aws:PrincipalArn``. (We say unknown of the rest, so nothing is left out.)
- ARN operators whose wildcard would reach over a colon: for the engine they are plain text.
- Statements without Action, Resource or Effect: AWS stores none; for the engine they mean everything, or nothing.
- ``true`` without quotation marks for a string operator: the engine compares ``True``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.condition import UNKNOWN
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import (
    Caller,
    Document,
    RolePermissions,
    may_assume,
    may_do,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Effect
from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.core import iam_evaluator as engine

from tests.budget import examples

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Fivetran"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Fivetran/fivetran"
CALLER = Caller(external_id="_abc")
BUCKET = "arn:aws:s3:::acme"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"

# What is asked for, and examples of what that stands for: one for each part of it that a policy below can mean.
_NAMES = ("a.avro", "b.txt")
OBJECTS = {
    f"{BUCKET}/currents/*": [f"{folder}{name}" for folder in ("currents/", "currents/secret/") for name in _NAMES],
    f"{BUCKET}/*": [
        f"{folder}{name}" for folder in ("", "currents/", "currents/secret/", "Currents/", "other/") for name in _NAMES
    ],
    f"{BUCKET}/currents/a.avro": ["currents/a.avro"],
}
PREFIXES = {"": [""], "currents/*": ["currents/", "currents/a", "currents/secret/"], "currents": ["currents"]}
# What we take for known of a session of Fivetran's, where AWS and the engine call it the same.
KEYS_OF_SESSION = {"aws:multifactorauthpresent": "false", "aws:userid": "AROA7:fivetran"}


@dataclass(frozen=True)
class Facts:
    """What the engine is told of a request, and we are not."""

    source_ip: str
    tls: str
    delimiter: str | None
    team: str | None


Draw = Callable[..., Any]


def one_or_more(*values: str) -> st.SearchStrategy[Any]:
    """Return one value, alone or in a list, or several of them."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


facts = st.builds(
    Facts,
    st.sampled_from(("203.0.113.9", "198.51.100.1")),
    st.sampled_from(("1.2", "1.3")),
    st.sampled_from((None, "/")),
    st.sampled_from((None, "data")),
)

operators = st.builds(
    lambda many, name, exists: f"{many}{name}{exists}",
    st.sampled_from(("", "", "", "", "ForAnyValue:", "ForAllValues:")),
    st.sampled_from(
        (
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        )
    ),
    st.sampled_from(("", "", "", "IfExists")),
)


def lines(operator: st.SearchStrategy[str], key: str, *values: str) -> st.SearchStrategy[Any]:
    """Return conditions of one line."""
    return st.builds(lambda name, found: {name: {key: found}}, operator, one_or_more(*values))


def named(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


known_lines = st.one_of(
    lines(operators, "s3:prefix", "", "currents/*", "currents", "*", "Currents/*", "other/*"),
    lines(operators, "aws:PrincipalAccount", ACCOUNT, OTHER_ACCOUNT, "1111*"),
    lines(operators, "AWS:principaltype", "AssumedRole", "User", "assumedrole"),
    lines(operators, "aws:SourceVpce", "vpce-1", "*"),
    lines(operators, "aws:userid", "AROA*:*", "AIDA7", "AROA?:fivetran"),
    lines(named("Bool", "BoolIfExists"), "aws:SecureTransport", "true", "false", "True"),
    lines(named("Null"), "aws:SourceVpc", "true", "false"),
    lines(named("Null"), "aws:PrincipalAccount", "true", "false"),
    lines(named("NumericLessThan", "NumericGreaterThanEquals", "NumericLessThanIfExists"), "s3:TlsVersion", "1.2", "1"),
    lines(
        named("DateLessThan", "DateGreaterThan", "DateGreaterThanEquals", "DateNotEquals"),
        "aws:CurrentTime",
        "2020-01-01T00:00:00Z",
        "2090-01-01",
        "4102444800",
    ),
    lines(named("ArnLike", "ArnNotEquals", "ArnEqualsIfExists"), "aws:SourceArn", "arn:aws:s3:::acme", "*"),
)
unknown_lines = st.one_of(
    lines(named("IpAddress", "NotIpAddress"), "aws:SourceIp", "203.0.113.0/24", "10.0.0.0/8", "198.51.100.1"),
    lines(named("NumericLessThan"), "s3:TlsVersion", "1.3"),
    lines(operators, "s3:delimiter", "/"),
    lines(operators, "aws:PrincipalTag/team", "data", "sales"),
    lines(named("Null", "Bool"), "aws:PrincipalTag/team", "true", "false"),
)
# One in so many conditions depends on something that only the engine knows.
conditions = st.integers(0, 11).flatmap(lambda number: unknown_lines if number == 11 else known_lines)


def merged(found: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return one condition of several lines."""
    whole: dict[str, dict[str, Any]] = {}
    for condition in found:
        for operator, keys in condition.items():
            whole.setdefault(operator, {}).update(keys)
    return whole


actions = one_or_more(
    "s3:GetObject", "s3:Get*", "S3:getobject", "s3:List*", "s3:*", "*", "s3:PutObject", "s3:?etObject", "kms:Decrypt"
)
resources = one_or_more(
    BUCKET,
    f"{BUCKET}/*",
    f"{BUCKET}/currents/*",
    f"{BUCKET}/currents/secret/*",
    f"{BUCKET}/*.avro",
    f"{BUCKET}*",
    f"{BUCKET}/Currents/*",
    "arn:aws:s3:::acme-eu/*",
    "arn:aws:s3:::*",
    "*",
    KEY,
)
principals = st.one_of(
    st.just("*"),
    st.builds(lambda who: {"AWS": who}, st.sampled_from((ACCOUNT, ROLE, f"arn:aws:iam::{ACCOUNT}:root"))),
    st.builds(lambda who: {"AWS": who}, one_or_more("*", ACCOUNT, ROLE)),
    st.builds(lambda who: {"AWS": who}, one_or_more(ROLE, f"arn:aws:iam::{ACCOUNT}:user/ann", OTHER_ACCOUNT)),
    st.builds(lambda who: {"AWS": [who, SESSION]}, st.sampled_from((OTHER_ACCOUNT, ROLE))),
    st.just({"Service": "cloudtrail.amazonaws.com"}),
)
effects = st.sampled_from(("Allow", "Allow", "Allow", "Allow", "Deny"))
# Most statements have no condition, or none of them would meet another.
some_conditions: st.SearchStrategy[list[Any]] = st.just([]) | st.lists(conditions, max_size=2)
versions = st.sampled_from(("2012-10-17", "2012-10-17", "2008-10-17"))


@st.composite
def statements(draw: Draw, principal: st.SearchStrategy[Any] | None, with_resource: bool = True) -> dict[str, Any]:
    """Return a statement as AWS would store it."""
    opposite = st.sampled_from(("", "", "", "", "Not"))
    found: dict[str, Any] = {"Effect": draw(effects), f"{draw(opposite)}Action": draw(actions)}
    if with_resource:
        found[f"{draw(opposite)}Resource"] = draw(resources)
    if principal is not None:
        found["Principal"] = draw(principal)
    if condition := merged(draw(some_conditions)):
        found["Condition"] = condition
    return found


def contents(statement: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda version, found: {"Version": version, "Statement": found},
        versions,
        st.lists(statement, min_size=1, max_size=3),
    )


identity_contents = contents(statements(principal=None))
resource_contents = contents(statements(principal=principals))


@dataclass(frozen=True)
class Scene:
    """Policies, and what only the engine knows of a request."""

    identity: list[dict[str, Any]]
    boundary: dict[str, Any] | None
    policy: dict[str, Any] | None
    owner: str
    facts: Facts


scenes = st.builds(
    Scene,
    identity=st.lists(identity_contents, max_size=3),
    boundary=st.none() | st.none() | identity_contents,
    policy=st.none() | resource_contents,
    owner=st.sampled_from((ACCOUNT, ACCOUNT, OTHER_ACCOUNT)),
    facts=facts,
)


@dataclass(frozen=True)
class Asked:
    """A request, in our words, and each example of what it stands for: resource and s3:prefix, for the engine."""

    action: str
    resource: str
    prefix: str | None
    examples: list[tuple[str, str | None]]


REQUESTS = (
    *(Asked("s3:GetObject", arn, None, [(f"{BUCKET}/{key}", None) for key in keys]) for arn, keys in OBJECTS.items()),
    *(Asked("s3:ListBucket", BUCKET, name, [(BUCKET, prefix) for prefix in PREFIXES[name]]) for name in PREFIXES),
    Asked("s3:GetBucketLocation", BUCKET, None, [(BUCKET, None)]),
    Asked("kms:Decrypt", KEY, None, [(KEY, None)]),
)


def we_say(scene: Scene, asked: Asked) -> Effect:
    role = RolePermissions(
        ROLE,
        tuple(Document(f"the policy {number}", content) for number, content in enumerate(scene.identity)),
        Document("the permissions boundary", scene.boundary) if scene.boundary else None,
    )
    policy = Document("the bucket policy", scene.policy) if scene.policy else None
    context = {"s3:prefix": (asked.prefix,), "s3:delimiter": UNKNOWN}
    return may_do(role, asked.action, asked.resource, policy, context, same_account=scene.owner == ACCOUNT)


def engine_says(scene: Scene, action: str, resource: str, prefix: str | None) -> bool:
    told = {"s3:prefix": prefix, "s3:delimiter": scene.facts.delimiter, "s3:tlsversion": scene.facts.tls}
    context = engine.EvalContext(
        principal_arn=SESSION,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region="us-east-1",
        source_ip=scene.facts.source_ip,
        secure_transport=True,
        service_context={key: value for key, value in told.items() if value is not None},
        principal_keys=KEYS_OF_SESSION | ({"aws:principaltag/team": scene.facts.team} if scene.facts.team else {}),
    )
    policies = [engine.parse_policy_document(content) for content in scene.identity]
    limits = [[engine.parse_policy_document(scene.boundary)]] if scene.boundary else []
    decision = engine.combine_resource_policy(
        engine.evaluate(context, policies, *limits),
        context,
        scene.policy,
        scene.owner,
        required=action == "kms:Decrypt",
        limits=limits,
    )
    return bool(decision.decision == "Allow")


trust_principals = st.one_of(
    st.just("*"),
    st.builds(
        lambda who: {"AWS": who},
        one_or_more("*", CALLER.account, CALLER.asker.arn, f"arn:aws:iam::{CALLER.account}:root", OTHER_ACCOUNT),
    ),
    st.builds(
        lambda who: {"AWS": who}, one_or_more(f"arn:aws:iam::{CALLER.account}:user/other", OTHER_ACCOUNT, SESSION)
    ),
    st.just({"Service": "lambda.amazonaws.com"}),
    st.just({"Service": "lambda.amazonaws.com", "AWS": CALLER.account}),
    st.just({"Federated": "cognito-identity.amazonaws.com"}),
)
trust_lines = st.one_of(
    lines(operators, "sts:ExternalId", "_abc", "_abd", "_ABC", "_*", "*"),
    lines(operators, "sts:externalid", "_abc", "_abd"),
    lines(named("Null"), "sts:ExternalId", "true", "false"),
    lines(named("ArnLike", "ArnEquals", "ArnNotLike", "StringLike"), "aws:PrincipalArn", CALLER.asker.arn, SESSION),
    lines(operators, "aws:PrincipalAccount", CALLER.account, OTHER_ACCOUNT),
    lines(named("Bool", "BoolIfExists", "Null"), "aws:MultiFactorAuthPresent", "true", "false"),
    lines(named("DateLessThan", "DateGreaterThan"), "aws:CurrentTime", "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"),
)
unknown_trust_lines = st.one_of(
    lines(named("IpAddress", "NotIpAddress"), "aws:SourceIp", "203.0.113.0/24", "198.51.100.1"),
    lines(operators, "sts:RoleSessionName", "fivetran", "f*", "ann"),
    lines(operators, "aws:PrincipalOrgID", "o-1"),
)
trust_conditions = st.integers(0, 11).flatmap(lambda number: unknown_trust_lines if number == 11 else trust_lines)


@st.composite
def trusts(draw: Draw) -> dict[str, Any]:
    def statement() -> dict[str, Any]:
        found = {
            "Effect": draw(effects),
            draw(st.sampled_from(("Action", "Action", "Action", "NotAction"))): draw(
                one_or_more("sts:AssumeRole", "sts:AssumeRole", "sts:*", "STS:assumerole", "sts:TagSession", "s3:*")
            ),
            "Principal": draw(trust_principals),
        }
        condition = merged(draw(st.lists(trust_conditions, max_size=2)))
        return {**found, "Condition": condition} if condition else found

    return {"Version": draw(versions), "Statement": [statement() for _number in range(draw(st.integers(1, 3)))]}


def engine_trusts(content: dict[str, Any], told: Facts) -> bool:
    context = engine.EvalContext(
        principal_arn=CALLER.asker.arn,
        principal_type="User",
        principal_account=CALLER.account,
        action="sts:AssumeRole",
        resource_arn=ROLE,
        region="us-east-1",
        source_ip=told.source_ip,
        secure_transport=True,
        service_context={"sts:externalid": CALLER.external_id, "sts:rolesessionname": "fivetran"},
    )
    return bool(engine.evaluate_trust_policy(content, CALLER.asker.arn, context))


def compare(number: int, same_each_time: bool = False) -> Counter[Answer]:
    """Judge all requests in as many scenes, and return how often each answer was ours."""
    tally: Counter[Answer] = Counter()

    @settings(max_examples=number, deadline=None, database=None, derandomize=same_each_time)
    @given(scenes)
    def agree(scene: Scene) -> None:
        for asked in REQUESTS:
            ours = we_say(scene, asked)
            theirs = [engine_says(scene, asked.action, *example) for example in asked.examples]
            tally[ours.answer] += 1
            if ours.answer is Answer.YES:
                assert all(theirs), (asked, ours, theirs)
            if ours.answer is Answer.NO:
                assert not all(theirs), (asked, ours, theirs)
                assert asked.action == "s3:GetObject" or not any(theirs), (asked, ours, theirs)

    agree()
    return tally


def compare_trust(number: int, same_each_time: bool = False) -> Counter[Answer]:
    """Do the same with trust policies."""
    tally: Counter[Answer] = Counter()

    @settings(max_examples=number, deadline=None, database=None, derandomize=same_each_time)
    @given(trusts(), facts)
    def agree(content: dict[str, Any], told: Facts) -> None:
        ours, theirs = may_assume(Document("the trust policy", content), CALLER), engine_trusts(content, told)
        tally[ours.answer] += 1
        assert ours.answer is Answer.UNKNOWN or (ours.answer is Answer.YES) == theirs, (ours, theirs)

    agree()
    return tally


def check(tally: Counter[Answer], about: str) -> None:
    """Print how many cases there were, and check that they were worth having."""
    cases = sum(tally.values())
    shares = {answer.value: f"{tally[answer]} ({tally[answer] / cases:.0%})" for answer in Answer}
    print(f"{about}: {cases} cases, {shares}")
    assert tally[Answer.UNKNOWN] < 0.1 * cases
    assert min(tally[Answer.YES], tally[Answer.NO]) > 0.1 * cases


def test_what_a_role_may_do_is_judged_as_the_emulator_does() -> None:
    check(compare(examples(800), same_each_time=True), "roles")


def test_who_may_assume_a_role_is_judged_as_the_emulator_does() -> None:
    check(compare_trust(examples(1_200), same_each_time=True), "trust")


@pytest.mark.slow
def test_many_more_policies_are_judged_as_the_emulator_does() -> None:
    check(compare(3_000), "roles")
    check(compare_trust(5_000), "trust")
