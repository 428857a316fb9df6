# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people have granted on their buckets, judged by what it lets Fivetran do, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Effect
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.decision import Decision, decide
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.effect import (
    because,
    judge_access,
    may_read,
    roles_in_doubt,
    too_narrow,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.effect.question import VIEWER
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import (
    Condition,
    Grant,
    folder_condition,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.growth import LINEAR, growth
from tests.sandbox import gcs_conditions, gcs_iam
from tests.sandbox.gcs_conditions import LIST_PREFIX, Target

ACCOUNT = "g-jovial-daylight@fivetran-production.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ACCOUNT}"
BUCKET, FOLDER = "acme-eu", "currents"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CUSTOM = "projects/acme/roles/fivetranReader"
OBJECTS = f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/{FOLDER}/")'
LISTS = f'api.getAttribute("{LIST_PREFIX}", "").startsWith("{FOLDER}/")'
UNTIL = 'request.time < timestamp("{}")'
GONE, COMING = UNTIL.format("2026-01-01T00:00:00Z"), UNTIL.format("2027-01-01T00:00:00Z")

Binding = dict[str, Any]


def storage(name: str) -> str:
    return f"roles/storage.{name}"


def binding(role: str, *members: str, when: str = "") -> Binding:
    """Return a binding to the service account, unless others are named; ``when`` is the expression of a condition."""
    held: Binding = {"role": role, "members": list(members or (MEMBER,))}
    return {**held, "condition": {"title": "Only some", "expression": when}} if when else held


def effect(*bindings: Binding, folder: str = FOLDER, member: str = MEMBER, **more: Any) -> Effect:
    return may_read(bindings, member, BUCKET, folder, now=NOW, **more)


def told(found: Effect) -> tuple[str, list[str]]:
    return found.answer.value, [reason.code for reason in found.reasons]


NEIGHBORS = (
    binding(storage("legacyBucketOwner"), "projectEditor:acme", "projectOwner:acme"),
    binding(storage("legacyBucketReader"), "projectViewer:acme"),
    binding(storage("legacyObjectReader"), "projectViewer:acme"),
    binding(VIEWER, "user:ann@example.com", "serviceAccount:other@acme.iam.gserviceaccount.com"),
)

YES: dict[str, tuple[Sequence[Binding], list[str]]] = {
    "G01 the guide's": ([binding(VIEWER)], ["granted"]),
    "G02 one of many members": ([binding(VIEWER, "user:ann@example.com", MEMBER, "group:x@acme.example")], ["granted"]),
    "G04 and W-34 Object Admin": ([binding(storage("objectAdmin"))], ["granted", "wider_than_needed"]),
    "Object User": ([binding(storage("objectUser"))], ["granted", "wider_than_needed"]),
    "Folder Admin": ([binding(storage("folderAdmin"))], ["granted", "wider_than_needed"]),
    "Storage Admin": ([binding(storage("admin"))], ["granted", "wider_than_needed"]),
    "both legacy readers": (
        [binding(storage("legacyBucketReader")), binding(storage("legacyObjectReader"))],
        ["granted", "granted"],
    ),
    "legacy roles that write, too": (
        [binding(storage("legacyBucketWriter")), binding(storage("legacyObjectOwner"))],
        ["granted", "wider_than_needed"] * 2,
    ),
    "the address in capitals": ([binding(VIEWER, MEMBER.replace("jovial", "JOVIAL"))], ["granted"]),
    "everybody": ([binding(VIEWER, "allUsers")], ["granted", "public"]),
    "everybody with an account": ([binding(VIEWER, "allAuthenticatedUsers")], ["granted", "public"]),
    "G07 our condition": (
        [{**binding(VIEWER), "condition": folder_condition(BUCKET, FOLDER).as_json()}],
        ["granted"],
    ),
    "G07 another spelling that covers listing": ([binding(VIEWER, when=f"{OBJECTS} || {LISTS}")], ["granted"]),
    "objects of the folder, and listing by another role": (
        [binding(VIEWER, when=OBJECTS), binding(storage("legacyBucketReader"))],
        ["granted", "granted"],
    ),
    "objects of the folder, or the bucket itself": (
        [binding(VIEWER, when=f'{OBJECTS} || resource.name == "projects/_/buckets/{BUCKET}"')],
        ["granted"],
    ),
    "for a while": ([binding(VIEWER, when=COMING)], ["granted", "expires"]),
    "for a while, and for good": ([binding(VIEWER, when=COMING), binding(storage("objectViewer"))], ["granted"] * 2),
}


@pytest.mark.parametrize("shape", YES)
def test_what_lets_fivetran_read_is_recognized_no_matter_who_has_given_it(shape: str) -> None:
    bindings, codes = YES[shape]
    answer, found = told(effect(*NEIGHBORS, *bindings))
    assert answer == "yes", shape
    assert sorted(found) == sorted(codes)


UNKNOWN: dict[str, tuple[Sequence[Binding], list[str]]] = {
    "G06 and W-36 a custom role": ([binding(CUSTOM)], ["custom_role"]),
    "a custom role of the organization": ([binding("organizations/1/roles/reader")], ["custom_role"]),
    "a role of Google's that is not known here": ([binding("roles/dataflow.worker")], ["unknown_role"]),
    "G07 and W-37 objects of the folder only": ([binding(VIEWER, when=OBJECTS)], ["listing_under_condition"]),
    "the same with the type": (
        [binding(VIEWER, when=f'resource.type == "storage.googleapis.com/Object" && {OBJECTS}')],
        ["listing_under_condition"],
    ),
    "a part of the folder": (
        [
            binding(
                VIEWER, when=f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/{FOLDER}/x/") || {LISTS}'
            )
        ],
        ["condition_undecided"],
    ),
    "hours of the day": ([binding(VIEWER, when="request.time.getHours() < 20")], ["condition_undecided"]),
    "G09 and W-39 a group": ([binding(VIEWER, "group:readers@acme.example")], ["membership"]),
    "a domain": ([binding(VIEWER, "domain:fivetran.example")], ["membership"]),
    "a set of principals": ([binding(VIEWER, "principalSet://goog/public:all")], ["membership"]),
    "listing for sure, reading by a group": (
        [binding(storage("legacyBucketReader")), binding(VIEWER, "group:readers@acme.example")],
        ["membership"],
    ),
    "a group under a condition": (
        [binding(VIEWER, "group:readers@acme.example", when="request.time.getHours() < 20")],
        ["membership", "condition_undecided"],
    ),
}


@pytest.mark.parametrize("shape", UNKNOWN)
def test_what_depends_on_something_that_cannot_be_seen_is_unknown_and_names_it(shape: str) -> None:
    bindings, codes = UNKNOWN[shape]
    answer, found = told(effect(*NEIGHBORS, *bindings))
    assert answer == "unknown", shape
    assert sorted(found) == sorted(codes)


NO: dict[str, tuple[Sequence[Binding], list[str]]] = {
    "nothing": ([], ["no_grant_on_bucket"]),
    "a role that writes only": ([binding(storage("objectCreator"))], ["no_grant_on_bucket"]),
    "a role that only sees the bucket": ([binding(storage("bucketViewer"))], ["no_grant_on_bucket"]),
    "a deleted account": ([binding(VIEWER, f"deleted:{MEMBER}?uid=1")], ["no_grant_on_bucket"]),
    "a user of that address": ([binding(VIEWER, f"user:{ACCOUNT}")], ["no_grant_on_bucket"]),
    "another identity": ([binding(VIEWER, "principal://iam.googleapis.com/x/subject/y")], ["no_grant_on_bucket"]),
    "listing only": ([binding(storage("legacyBucketReader"))], ["missing_permission"]),
    "reading only": ([binding(storage("legacyObjectReader"))], ["missing_permission"]),
    "a condition that has expired": (
        [binding(VIEWER, when=GONE)],
        ["expired", "missing_permission", "missing_permission"],
    ),
    "a condition for later": (
        [binding(VIEWER, when='request.time > timestamp("2027-01-01T00:00:00Z")')],
        ["not_yet", "missing_permission", "missing_permission"],
    ),
    "another folder": (
        [binding(VIEWER, when=f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/other/")')],
        ["elsewhere", "missing_permission", "missing_permission"],
    ),
    "another bucket's name": (
        [binding(VIEWER, when='resource.name.startsWith("projects/_/buckets/acme/objects/currents/")')],
        ["elsewhere", "missing_permission", "missing_permission"],
    ),
    "a group that lists only": (
        [binding(storage("legacyBucketReader"), "group:readers@acme.example")],
        ["missing_permission"],
    ),
}


@pytest.mark.parametrize("shape", NO)
def test_what_does_not_let_fivetran_read_is_told_with_its_reason(shape: str) -> None:
    bindings, codes = NO[shape]
    answer, found = told(effect(*NEIGHBORS, *bindings))
    assert answer == "no", shape
    assert sorted(found) == sorted(codes)


def test_a_no_says_that_a_grant_on_the_project_would_not_be_seen() -> None:
    assert "a grant on its project would not be seen from here" in because(effect())
    assert "a grant on its project would not be seen from here" in because(
        effect(binding(storage("legacyBucketReader")))
    )


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ({"storage.objects.get", "storage.objects.list", "storage.buckets.get"}, ("yes", ["granted"])),
        ({"storage.objects.get", "storage.objects.list", "storage.objects.delete"},
         ("yes", ["granted", "wider_than_needed"])),
        ({"storage.objects.get"}, ("no", ["missing_permission"])),
        # A deleted role.
        (set(), ("no", ["no_grant_on_bucket"])),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", [CUSTOM, "organizations/1/roles/reader", "roles/dataflow.worker"])
def test_a_role_that_is_not_known_is_judged_by_its_permissions_where_they_could_be_read(
    role: str, permissions: set[str], expected: tuple[str, list[str]]
) -> None:
    known = {role: frozenset(permissions)}
    assert told(effect(binding(role), permissions_of=known)) == expected


def test_where_a_role_could_not_be_read_it_is_said_why() -> None:
    found = effect(binding(CUSTOM), permissions_of={CUSTOM: "these credentials may not read the role (iam.roles.get)"})
    assert told(found) == ("unknown", ["custom_role"])
    assert because(found) == (
        f"what the custom role {CUSTOM} of {MEMBER} allows cannot be seen from here, because these credentials may not"
        " read the role (iam.roles.get)"
    )


@pytest.mark.parametrize(
    ("role", "has", "lacks"),
    [
        (CUSTOM, "get", "list"),
        (CUSTOM, "list", "get"),
        (storage("legacyObjectReader"), "get", "list"),
        (storage("legacyBucketReader"), "list", "get"),
    ],
)
def test_of_a_role_that_is_too_narrow_the_permission_is_named_that_it_lacks(role: str, has: str, lacks: str) -> None:
    found = effect(*NEIGHBORS, binding(role), permissions_of={CUSTOM: frozenset({f"storage.objects.{has}"})})
    assert because(found) == (
        f"nothing on the bucket {BUCKET} gives storage.objects.{lacks} ({role} does not), and a grant on its project"
        " would not be seen from here"
    )


IN_DOUBT: dict[str, tuple[Sequence[Binding], str, tuple[str, ...]]] = {
    "the guide's": ([binding(VIEWER)], VIEWER, ()),
    "nothing": ([], VIEWER, ()),
    "a custom role beside the guide's": ([binding(VIEWER), binding(CUSTOM)], VIEWER, ()),
    "a custom role of somebody else": ([binding(CUSTOM, "user:ann@example.com")], VIEWER, ()),
    "a custom role": ([binding(CUSTOM)], VIEWER, (CUSTOM,)),
    "a custom role for a group": ([binding(CUSTOM, "group:x@acme.example")], VIEWER, (CUSTOM,)),
    "a custom role beside a half": ([binding(CUSTOM), binding(storage("legacyBucketReader"))], VIEWER, (CUSTOM,)),
    "a custom role whose time is over": ([binding(CUSTOM, when=GONE)], VIEWER, ()),
    "a role of Google's": ([binding("roles/dataflow.worker")], VIEWER, ("roles/dataflow.worker",)),
    "two": ([binding(CUSTOM), binding("organizations/1/roles/a")], VIEWER, ("organizations/1/roles/a", CUSTOM)),
    "a condition": ([binding(VIEWER, when=OBJECTS)], VIEWER, ()),
    "a custom role that is to be granted": ([], CUSTOM, (CUSTOM,)),
}


@pytest.mark.parametrize("shape", IN_DOUBT)
def test_only_a_role_without_which_nobody_can_tell_is_in_doubt(shape: str) -> None:
    bindings, wanted, roles = IN_DOUBT[shape]
    found = roles_in_doubt([*NEIGHBORS, *bindings], MEMBER, BUCKET, FOLDER, now=NOW, wanted=wanted)
    assert found == roles


@pytest.mark.parametrize(
    ("role", "held", "permissions", "words"),
    [
        (CUSTOM, (), {"storage.objects.get"}, "does not allow storage.objects.list, and nothing else"),
        (CUSTOM, (), set(), "does not allow storage.objects.list and storage.objects.get, and nothing else"),
        (CUSTOM, (), {"storage.objects.get", "storage.objects.list"}, ""),
        (CUSTOM, (), None, ""),
        (CUSTOM, (binding(storage("legacyBucketReader")),), {"storage.objects.get"}, ""),
        # Perhaps.
        (CUSTOM, (binding(VIEWER, "group:x@acme.example"),), {"storage.objects.get"}, ""),
        (storage("legacyObjectReader"), (), None, "does not allow storage.objects.list, and nothing else"),
        (VIEWER, (), None, ""),
    ],
)
def test_a_role_that_would_be_granted_in_vain_is_called_too_narrow(
    role: str, held: Sequence[Binding], permissions: set[str] | None, words: str
) -> None:
    known: dict[str, Any] = {} if permissions is None else {"permissions_of": {CUSTOM: frozenset(permissions)}}
    policy = {"bindings": [*NEIGHBORS, *held], "etag": "CAE="}
    said = too_narrow(policy, Grant(role, MEMBER), BUCKET, FOLDER, now=NOW, **known)
    assert words in said
    assert bool(said) is bool(words)


def test_a_folder_that_is_the_whole_bucket_is_judged_as_that() -> None:
    narrow = binding(VIEWER, when=f"{OBJECTS} || {LISTS}")
    assert effect(narrow, folder="").answer is Answer.UNKNOWN
    assert effect(binding(VIEWER), folder="/").answer is Answer.YES


def test_an_expression_without_end_is_cut_in_the_reason() -> None:
    long = effect(binding(VIEWER, when=" || ".join(["request.time.getHours() < 20"] * 500)))
    assert len(long.reasons[0].text) < 600
    many = effect(*(binding(VIEWER, f"group:g{number}@acme.example") for number in range(300)))
    assert len(many.reasons) == 300
    assert because(many).endswith("; and 295 more")


def test_the_grants_that_an_answer_rests_on_are_told_and_no_others() -> None:
    bindings = [*NEIGHBORS, binding(storage("objectCreator")), binding(storage("objectAdmin")), binding(CUSTOM)]
    access = judge_access(bindings, MEMBER, BUCKET, FOLDER, now=NOW)
    assert access.by == (Grant(storage("objectAdmin"), MEMBER),)


# Held against the sandbox's Google

# It raises the interpreter's recursion limit once.
gcs_conditions.check("true")
roles = st.sampled_from([*gcs_iam.ROLES, CUSTOM])
members = st.lists(
    st.sampled_from(
        (MEMBER, "allUsers", "group:readers@acme.example", "user:ann@example.com", f"deleted:{MEMBER}?uid=1")
    ),
    min_size=1,
    unique=True,
)
BUCKET_ITSELF = 'resource.type == "storage.googleapis.com/Bucket"'
NEVER, FOR_LONG = "request.time.getHours() > 30", UNTIL.format("2100-01-01T00:00:00Z")
whens = st.sampled_from(
    ("", "", OBJECTS, LISTS, f"{OBJECTS} || {LISTS}", "false", GONE, FOR_LONG, BUCKET_ITSELF, NEVER)
)
contents = st.sampled_from(
    [frozenset(f"storage.objects.{action}" for action in held) for held in ((), ("get",), ("list",), ("get", "list"))]
)
policies = st.lists(
    st.builds(lambda role, who, when: binding(role, *who, when=when), roles, members, whens), max_size=4
)


@settings(deadline=None, max_examples=examples(300))
@given(policies, st.booleans(), contents, st.booleans())
def test_whatever_is_told_for_sure_is_so(
    bindings: list[Binding], in_group: bool, custom: frozenset[str], is_read: bool
) -> None:
    now = datetime.now(UTC)
    found = may_read(bindings, MEMBER, BUCKET, FOLDER, now=now, permissions_of={CUSTOM: custom} if is_read else {})
    known = {**gcs_iam.ROLES, CUSTOM: custom}
    identities = gcs_iam.members_of(ACCOUNT, {"group:readers@acme.example": [ACCOUNT] if in_group else []})
    gets = gcs_iam.allows(bindings, identities, "storage.objects.get", Target(BUCKET, "currents/a.avro"), known)
    listing = Target(BUCKET, list_prefix="currents/")
    lists = gcs_iam.allows(bindings, identities, "storage.objects.list", listing, known)
    assert found.answer is Answer.UNKNOWN or (found.answer is Answer.YES) == (gets and lists), found
    # What is read has been asked for, and nobody has to ask a second time.
    in_doubt = roles_in_doubt(bindings, MEMBER, BUCKET, FOLDER, now=now)
    assert is_read or set(in_doubt) == {reason.where for reason in found.reasons if reason.code == "custom_role"}
    assert not (is_read and any(reason.code == "custom_role" for reason in found.reasons))


# What is done about it

GUIDES = Grant(VIEWER, MEMBER)
NARROW = replace(GUIDES, condition=folder_condition(BUCKET, FOLDER))
OWN = replace(GUIDES, condition=Condition("Office hours", "request.time.getHours() < 20"))
OTHER_ROLE = Grant("projects/acme/roles/other", MEMBER)
GROUP = binding(VIEWER, "group:readers@acme.example")
ADMIN = binding(storage("objectAdmin"))


@pytest.mark.parametrize(
    ("bindings", "wanted", "decision", "when_connected"),
    [
        ([], GUIDES, "add", "add"),
        ([binding(VIEWER)], GUIDES, "there", "there"),
        ([binding(VIEWER, when=GONE)], GUIDES, "add", "add"),
        ([ADMIN], GUIDES, "adopt", "adopt"),
        ([ADMIN], NARROW, "adopt", "adopt"),
        ([binding(VIEWER, "allUsers")], GUIDES, "adopt", "adopt"),
        ([binding(VIEWER, when=f"{OBJECTS} || {LISTS}")], GUIDES, "adopt", "adopt"),
        ([binding(VIEWER, when=f"{OBJECTS} || {LISTS}")], NARROW, "adopt", "adopt"),
        # What a person wants to be narrowed is no reason not to.
        ([binding(VIEWER)], NARROW, "add", "add"),
        ([binding(VIEWER)], OWN, "add", "add"),
        ([binding(VIEWER), ADMIN], NARROW, "add", "add"),
        ([binding(CUSTOM)], GUIDES, "ask", "trust"),
        ([binding(CUSTOM)], Grant(CUSTOM, MEMBER), "there", "there"),
        ([binding(CUSTOM)], OTHER_ROLE, "add", "trust"),
        ([binding(CUSTOM)], NARROW, "add", "trust"),
        ([binding(VIEWER, when=OBJECTS)], GUIDES, "ask", "trust"),
        ([binding(VIEWER, when=OBJECTS)], OTHER_ROLE, "ask", "trust"),
        ([binding(VIEWER, when=OBJECTS)], NARROW, "add", "trust"),
        ([GROUP], GUIDES, "add", "trust"),
        ([GROUP, binding(CUSTOM)], GUIDES, "ask", "trust"),
        ([binding(CUSTOM, "group:readers@acme.example")], GUIDES, "add", "trust"),
    ],
)
def test_nothing_is_granted_that_suffices_already_or_that_nobody_has_asked_for(
    bindings: list[Binding], wanted: Grant, decision: str, when_connected: str
) -> None:
    policy = {"bindings": [*NEIGHBORS, *bindings], "etag": "CAE="}
    made = [
        decide(policy, wanted, BUCKET, FOLDER, now=NOW, connected=connected)[0].value for connected in (False, True)
    ]
    assert made == [decision, when_connected]


@settings(deadline=None)
@given(policies, st.sampled_from((GUIDES, NARROW, OWN, OTHER_ROLE)), st.booleans())
def test_what_fivetran_can_read_for_sure_is_granted_a_second_time_only_to_narrow_it(
    bindings: list[Binding], wanted: Grant, connected: bool
) -> None:
    decision, access = decide({"bindings": bindings}, wanted, BUCKET, FOLDER, now=NOW, connected=connected)
    if decision is Decision.ADD and may_read(bindings, MEMBER, BUCKET, FOLDER, now=NOW).answer is Answer.YES:
        assert wanted.condition is not None
        assert any(held["role"] == wanted.role and "condition" not in held for held in bindings)
    if decision in (Decision.ADOPT, Decision.TRUST, Decision.ASK):
        assert access.by


def test_a_policy_of_many_grants_takes_as_much_work_as_it_has_grants() -> None:
    def members(count: int) -> Callable[[], object]:
        many = [binding(VIEWER, *(f"group:g{number}@acme.example" for number in range(count)), when=OBJECTS)] * 5
        return lambda: effect(*many)

    def bindings(count: int) -> Callable[[], object]:
        many = [binding(VIEWER, f"group:g{number}@acme.example", when=OBJECTS) for number in range(count)]
        return lambda: effect(*many)

    assert growth(members, 300) < LINEAR
    assert growth(bindings, 300) < LINEAR
