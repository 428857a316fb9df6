# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of every judgement of access in AWS, whatever the policies are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import (
    BucketAccess,
    Document,
    RolePermissions,
    is_wider,
    may_assume,
    may_read,
    missing,
    trust_width,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.pattern import Extent, extent, parse
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import budget
from tests.unit.storage.aws_shapes import ACCOUNT, BUCKET, CALLER, FIVETRAN, GROUP, KEY, NAME

# The machine may be busy with other tests.
quick = settings(deadline=None, max_examples=budget.examples(100))

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Fivetran"

texts = st.sampled_from(
    ("", "*", "s3:*", "s3:GetObject", "sts:AssumeRole", "Allow", "Deny", BUCKET, "${", "${x}", "a:b")
)
scalars = st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | texts | st.text(max_size=4)
names = st.sampled_from(
    (
        *("Version", "Statement", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal"),
        *("NotPrincipal", "Condition", "Sid", "AWS", "Service", "StringLike", "Null", "DateLessThan", "s3:prefix"),
    )
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


@st.composite
def nearly_statements(draw: Any) -> Any:
    """Return a statement of which one element, or none, is anything."""
    found: dict[str, Any] = dict(draw(statements))
    if draw(st.booleans()):
        found[draw(names)] = draw(anything)
    return found


def lists_of(*values: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=2)


conditions = st.sampled_from(
    (
        {},
        {},
        {},
        {"StringLike": {"s3:prefix": ["currents", "currents/*"]}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEquals": {"sts:ExternalId": GROUP}},
    )
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(("Allow", "Allow", "Deny")),
        "Action": lists_of("s3:Get*", "s3:List*", "s3:*", "sts:AssumeRole", "kms:Decrypt", "*"),
        "Resource": lists_of(BUCKET, f"{BUCKET}/*", f"{BUCKET}/currents/*", f"{BUCKET}/${{aws:PrincipalTag/t}}/*", "*"),
        "Condition": conditions,
    }
)
whom = st.sampled_from(("*", {"AWS": ACCOUNT}, {"AWS": ROLE}, {"AWS": FIVETRAN}, {"Service": "lambda.amazonaws.com"}))
named_statements = st.builds(lambda statement, who: {**statement, "Principal": who}, statements, whom)


def documents(statement: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[Document]:
    contents = st.builds(
        lambda found: {"Version": "2012-10-17", "Statement": found}, st.lists(statement, min_size=1, max_size=3)
    )
    return st.builds(Document, st.just(name), contents | contents | contents | st.none())


identities = st.lists(documents(statements, "p"), min_size=1, max_size=3)
roles = st.builds(
    lambda identity, boundary: RolePermissions(ROLE, tuple(identity), boundary),
    identities,
    st.none() | documents(statements, "b"),
)
buckets = st.builds(
    lambda prefix, policy, owner, key, key_policy: BucketAccess(NAME, prefix, policy, owner, key, key_policy),
    st.sampled_from(("", "currents")),
    st.none() | documents(named_statements, "bucket"),
    st.sampled_from((None, None, "444455556666")),
    st.sampled_from(("", "", KEY)),
    st.none() | documents(named_statements, "key"),
)
trusts = documents(named_statements, "the trust policy")


def judge_all(role: RolePermissions, bucket: BucketAccess, trust: Document) -> None:
    """Ask everything, and check what every answer must have."""
    for effect in (may_read(role, bucket), may_assume(trust, CALLER)):
        assert effect.reasons
        assert all(reason.code and reason.text and not reason.text.endswith(".") for reason in effect.reasons)
        assert all(isinstance(value, str) for reason in effect.reasons for value in reason.as_json().values())
    missing(may_read(role, bucket, location_needed=True), role, bucket)
    is_wider(role, bucket)
    trust_width(trust, CALLER)


@quick
@given(anything, anything, nearly_statements(), st.text(max_size=6), anything, st.text(max_size=8))
def test_nothing_that_a_policy_may_hold_raises(
    content: Any, other: Any, statement: Any, name: str, key_policy: Any, arn: str
) -> None:
    half = {"Version": "2012-10-17", "Statement": [statement, other]}
    for role_arn in (ROLE, arn):
        role = RolePermissions(role_arn, (Document(name, content), Document("q", half)), Document("b", other))
        bucket = BucketAccess(NAME, name, Document("p", half), None, arn or KEY, Document("k", key_policy))
        judge_all(role, bucket, Document("t", half))
        judge_all(role, replace(bucket, policy=Document("p", content)), Document("t", content))


@quick
@given(roles, buckets, trusts)
def test_every_answer_has_a_reason(role: RolePermissions, bucket: BucketAccess, trust: Document) -> None:
    judge_all(role, bucket, trust)


def mixed(document: Document | None, order: Any) -> Document | None:
    if document is None or document.content is None:
        return document
    found = list(document.content["Statement"])
    order.shuffle(found)
    return replace(document, content={**document.content, "Statement": found})


@quick
@given(roles, buckets, trusts, st.randoms(use_true_random=False))
def test_the_order_of_statements_and_documents_does_not_matter(
    role: RolePermissions, bucket: BucketAccess, trust: Document, order: Any
) -> None:
    documents = [one for document in role.identity if (one := mixed(document, order)) is not None]
    order.shuffle(documents)
    other = RolePermissions(ROLE, tuple(documents), mixed(role.boundary, order))
    elsewhere = replace(bucket, policy=mixed(bucket.policy, order), key_policy=mixed(bucket.key_policy, order))
    assert may_read(other, elsewhere).answer is may_read(role, bucket).answer
    assert may_assume(mixed(trust, order) or trust, CALLER).answer is may_assume(trust, CALLER).answer


def with_statement(document: Document, statement: Mapping[str, Any]) -> Document:
    if document.content is None:
        return document
    return replace(document, content={**document.content, "Statement": [*document.content["Statement"], statement]})


# A statement more moves an answer in one direction only.
RANK = {Answer.NO: 0, Answer.UNKNOWN: 1, Answer.YES: 2}


@quick
@given(roles, buckets, trusts, named_statements, st.sampled_from(("identity", "boundary", "bucket", "key", "trust")))
def test_a_deny_more_never_opens_and_an_allow_more_never_closes(
    role: RolePermissions, bucket: BucketAccess, trust: Document, statement: Mapping[str, Any], place: str
) -> None:
    plain = {name: value for name, value in statement.items() if name != "Principal"}
    after_role, after_bucket, after_trust = role, bucket, trust
    if place == "identity":
        after_role = replace(role, identity=(with_statement(role.identity[0], plain), *role.identity[1:]))
    elif place == "boundary" and role.boundary:
        after_role = replace(role, boundary=with_statement(role.boundary, plain))
    elif place == "bucket" and bucket.policy:
        after_bucket = replace(bucket, policy=with_statement(bucket.policy, statement))
    elif place == "key" and bucket.key_policy:
        after_bucket = replace(bucket, key_policy=with_statement(bucket.key_policy, statement))
    else:
        after_trust = with_statement(trust, statement)
    before = (may_read(role, bucket).answer, may_assume(trust, CALLER).answer)
    after = (may_read(after_role, after_bucket).answer, may_assume(after_trust, CALLER).answer)
    for one, other in zip(before, after, strict=True):
        if statement["Effect"] == "Deny":
            assert RANK[other] <= RANK[one]
        else:
            assert RANK[other] >= RANK[one]


@quick
@given(roles, buckets, st.sampled_from(range(3)))
def test_a_policy_that_is_read_after_all_only_makes_an_answer_surer(
    role: RolePermissions, bucket: BucketAccess, number: int
) -> None:
    hidden = list(role.identity)
    hidden[number % len(hidden)] = Document("p", None)
    before = may_read(replace(role, identity=tuple(hidden)), bucket).answer
    assert before in (Answer.UNKNOWN, may_read(role, bucket).answer)


alphabet = st.text("ab:*?", max_size=6)


@settings(deadline=None, max_examples=budget.examples(400))
@given(st.lists(alphabet, max_size=3), alphabet, st.lists(st.text("abc:", max_size=5), min_size=20, max_size=20))
def test_how_much_a_pattern_covers_agrees_with_examples(patterns: list[str], what: str, examples: list[str]) -> None:
    def matches(pattern: str, text: str) -> bool:
        return re.fullmatch(pattern.replace("*", ".*").replace("?", "."), text) is not None

    parsed = [one for pattern in patterns if (one := parse(pattern)) is not None]
    asked = parse(what)
    assert asked is not None
    found = extent(parsed, asked)
    # What the pattern itself spells is an example of it, too.
    near = [what.replace("*", filling).replace("?", "c") for filling in ("", "a", "b:", "ca")]
    inside = [text for text in (*examples, *near) if matches(what, text)]
    covered = {any(matches(pattern, text) for pattern in patterns) for text in inside}
    assert found is not Extent.MAYBE
    assert covered <= {Extent.ALL: {True}, Extent.NONE: {False}}.get(found, {True, False})
