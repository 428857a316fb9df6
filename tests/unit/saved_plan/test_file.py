# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a saved plan: what is written is what is read, and anything else is refused in one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan import file
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import check_usable, from_data
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Change
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import told

from tests.collection import CHECKOUT
from tests.unit.saved_plan.plans import data_of, resealed, saved
from tests.unit.workspaces.situations import (
    BRAZE_KEY,
    EXPORTS_SECRET,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    SECRET,
    SECRETS,
    SERVICE_ACCOUNT,
    World,
    gcs,
    gcs_policy,
    in_iam,
    plan_of,
    row,
    settings,
    unusable,
)

US, DE, EU = settings(), settings("shop_de", currents_bucket="acme-de"), gcs()
BROKEN = unusable()
INVENTORY = (US, DE, EU, BROKEN)
SET_UP = World(
    rows=(row(US, sync_frequency=60), row(DE)),
    iam=in_iam(US, "acme-currents"),
    policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)},
)
SCHEMA = json.loads((CHECKOUT / "docs" / "plan.schema.json").read_text())
PURPOSES = ("onboard", "rotate_key", "offboard")
WORLDS = (World(), SET_UP)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a plan that was saved."""
    found = tmp_path / "plan.json"
    file.write(str(found), data_of("onboard", *INVENTORY))
    return found


def refusal(path: Path) -> str:
    """Return why a file is refused, without its path."""
    with pytest.raises(OnrampError) as caught:
        file.read(str(path))
    assert caught.value.failure.code == "plan_unusable"
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert len(text) - len(str(path)) < 250
    return text.removeprefix(f"{path}: ")


# What is written is what is read


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("world", WORLDS, ids=["nothing there", "set up"])
def test_what_is_read_is_the_plan_that_was_made(purpose: str, world: World, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    data = data_of(purpose, *INVENTORY, world=world)
    file.write(str(path), data)
    read, found = file.read(str(path))
    assert read == data
    plan = plan_of(purpose, *INVENTORY, world=world)
    assert list(found.plan.workspaces) == list(plan.workspaces)
    for name, made in plan.workspaces.items():
        known = found.plan.workspaces[name]
        assert [_of(change) for change in known.changes] == [_of(change) for change in made.changes]
        assert (known.verdict, known.problems, known.warnings) == (made.verdict, made.problems, made.warnings)
        assert told(purpose, known) == told(purpose, made)


def _of(change: Change) -> tuple[Any, ...]:
    return change.kind, change.name, change.action, change.reason, dict(change.before), dict(change.after), change.work


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("world", WORLDS, ids=["nothing there", "set up"])
def test_the_published_schema_describes_what_is_written(purpose: str, world: World) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(data_of(purpose, *INVENTORY, world=world), SCHEMA)


def test_what_several_share_stands_once_with_all_who_need_it() -> None:
    data = data_of("onboard", *INVENTORY)
    shared = {one["kind"]: one["workspaces"] for one in data["objects"]}
    assert shared == {"policy": ["shop_us", "shop_de"], "role": ["shop_us", "shop_de"], "grant": ["shop_eu"]}
    assert data["workspaces"]["shop_us"]["objects"] == data["workspaces"]["shop_de"]["objects"]


def test_two_groups_that_want_something_else_of_one_policy_are_kept_apart() -> None:
    other = settings("shop_emea", fivetran_group=SECOND_GROUP)
    world = World(rows=(row(US), row(other, SECOND_GROUP_ID)), iam=in_iam(US, "acme-currents"))
    found = [one for one in data_of("offboard", US, other, world=world)["objects"] if one["kind"] == "policy"]
    assert {(*one["workspaces"], one["action"]) for one in found} == {("shop_us", "delete"), ("shop_emea", "none")}
    assert saved("offboard", US, other, world=world).plan.workspaces["shop_emea"].verdict.value == "changes"


def test_a_new_file_is_for_its_owner_and_one_that_is_there_keeps_its_permissions(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    file.write(str(path), data_of("offboard", *INVENTORY))
    assert path.stat().st_mode & 0o777 == 0o640
    assert file.read(str(path))[1].purpose == "offboard"
    assert list(path.parent.iterdir()) == [path]


# No secrets


def test_no_secret_is_in_it_nor_anything_that_one_could_be_guessed_from() -> None:
    other = settings(
        braze_api_key=BRAZE_KEY[::-1],
        s3_access_tags={"password": "open-sesame", "owner": "data"},
        fivetran_connection_exports_storage="azure",
        fivetran_connection_exports_container="exports",
        fivetran_connection_exports_connection_string=EXPORTS_SECRET[::-1],
    )
    one, two = (data_of("rotate_key", workspace, world=SET_UP) for workspace in (US, other))
    for data in (one, two):
        text = json.dumps(data)
        assert [secret for secret in (*SECRETS, BRAZE_KEY[::-1], EXPORTS_SECRET[::-1]) if secret in text] == []
    # A guessed key cannot be tried: with another one, not a bit of the plan is another.
    assert data_of("rotate_key", settings(braze_api_key=BRAZE_KEY[::-1]), world=SET_UP) == one
    sesame, other_word = (
        data_of("rotate_key", settings(s3_access_tags={"password": word}), world=SET_UP)["workspaces"]["shop_us"]
        for word in ("open-sesame", "another-word")
    )
    assert (sesame["settings"], sesame["fingerprint"]) == (other_word["settings"], other_word["fingerprint"])


def test_a_secret_that_stands_where_a_name_belongs_is_not_even_fingerprinted() -> None:
    one, two, name = (
        data_of("onboard", settings(s3_access_tags={"owner": text}))["workspaces"]["shop_us"]["settings"]
        for text in (BRAZE_KEY, SECRET, "data")
    )
    assert one == two != name


# What is refused


@pytest.mark.parametrize("step", [31, 101])
def test_a_changed_byte_is_refused(path: Path, step: int) -> None:
    content = path.read_bytes()
    for place in range(step - 1, len(content), step):
        changed = bytes([content[place] ^ 1])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        assert refusal(path)
    path.write_bytes(content)
    assert file.read(str(path))[1].purpose == "onboard"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace("\n", " ", 1), "The file is not as it was written. Make a new plan."),
        (lambda text: text + "\n", "The file is not as it was written."),
        (lambda text: text[:-100], "This is not a plan: it is not JSON."),
        (lambda _text: "", "it is not JSON"),
        (lambda _text: "[" * 200_000, "it is not JSON"),
        (lambda _text: "{}", "This is not a plan. onboard.yml writes one with --check -e onramp_plan_file=FILE."),
        (lambda _text: "[]", "This is not a plan."),
        (lambda _text: '{"schema_version": "1.3", "workspaces": []}', "This is not a plan."),
        (lambda text: text.replace('"shop_us"', '"shop_xx"', 1), "its checksum is another"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "of version 2 of the format"),
        (lambda text: text.replace('"version": 1', '"version": true'), "of version"),
        (lambda text: text.replace('{\n "format"', '{\n "purpose": "verify",\n "format"', 1), "not as it was written"),
    ],
)
def test_what_is_no_plan_as_it_was_written_is_refused_in_a_sentence(
    path: Path, spoil: Callable[[str], str], words: str
) -> None:
    path.write_text(spoil(path.read_text()))
    assert words in refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(more=1),
        lambda data: data.pop("objects"),
        lambda data: data.update(purpose="sweep"),
        lambda data: data.update(inventory="shop_us"),
        lambda data: data.update(made_at=5),
        lambda data: data["workspaces"].update(shop_us=[]),
        lambda data: data["workspaces"]["shop_us"].update(objects=[99]),
        lambda data: data["workspaces"]["shop_us"].update(objects=[True]),
        lambda data: data["workspaces"]["shop_us"].update(objects=[-1]),
        lambda data: data["workspaces"]["shop_us"].update(verdict="fine"),
        lambda data: data["workspaces"]["shop_us"]["connection"].update(action="burn"),
        lambda data: data["workspaces"]["shop_us"]["connection"].update(reason="because"),
        lambda data: data["workspaces"]["shop_us"]["connection"].update(kind="role"),
        lambda data: data["workspaces"]["shop_us"]["connection"].update(work={"paused": 1}),
        lambda data: data["workspaces"]["shop_us"]["connection"].update(before=None),
        lambda data: data["objects"][0].update(kind="connection"),
        lambda data: data["objects"][0].update(hint="do more"),
        lambda data: data["objects"][0].update(workspaces=[1]),
        lambda data: data["workspaces"]["broken"]["problems"][0].update(code=None),
    ],
)
def test_fields_that_nobody_knows_and_values_that_none_can_be_are_refused(
    change: Callable[[dict[str, Any]], None],
) -> None:
    with pytest.raises(
        OnrampError, match=r"plan\.json: The plan is not as this collection writes it\. Make a new plan"
    ):
        from_data(resealed(data_of("onboard", *INVENTORY), change), "plan.json")


def test_data_that_goes_from_job_to_job_may_lose_its_order_and_nothing_else() -> None:
    data = data_of("onboard", *INVENTORY)
    turned = dict(reversed(list(data.items())))
    assert from_data(turned, "onramp_approved_plan").plan == saved("onboard", *INVENTORY).plan
    with pytest.raises(OnrampError, match="its checksum is another"):
        from_data({**data, "inventory": data["inventory"][:-1]}, "onramp_approved_plan")


def test_a_file_that_is_too_large_is_not_read_to_its_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LARGEST", 1024 * 1024)
    with path.open("ab") as handle:
        handle.truncate(2**40)
    assert refusal(path) == "The file is larger than 1 MB, and no plan is."


def test_a_link_a_pipe_a_device_and_a_folder_are_no_plans(path: Path, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link.json", tmp_path / "pipe.json"
    link.symlink_to(path)
    os.mkfifo(pipe)
    assert refusal(link) == "It is a link: name the file itself."
    assert refusal(pipe) == "It is not a file."
    assert refusal(Path("/dev/zero")) == "It is not a file."
    assert refusal(tmp_path) == "It is a folder."
    assert refusal(tmp_path / "nowhere.json") == "The plan cannot be read: No such file or directory."
    path.write_bytes(b"\xff\xfe{")
    assert refusal(path) == "This is not a plan: it is not text."


def test_a_plan_for_something_else_is_refused_by_name() -> None:
    made = saved("onboard", *INVENTORY)
    with pytest.raises(OnrampError, match=r"The plan is one of onboard\.yml, and this is offboard\.yml"):
        check_usable(made, "plan.json", "offboard", ["shop_us"])
    with pytest.raises(OnrampError) as caught:
        check_usable(made, "plan.json", "onboard", ["one", "two"])
    assert str(caught.value) == (
        "plan.json: The plan is of another inventory: it has the workspaces broken, shop_de, shop_eu and 1 more, and"
        " this one has one, two. Make a new plan."
    )
    check_usable(made, "plan.json", "onboard", ["shop_us", "new"])


@pytest.mark.parametrize(
    ("name", "act"),
    [
        (".", file.check_writable),
        ("/dev/null/plan.json", file.check_writable),
        (".", lambda path: file.write(path, {})),
        ("/proc/plan.json", lambda path: file.write(path, {})),
    ],
)
def test_where_no_plan_can_be_written_is_told(name: str, act: Callable[[str], None]) -> None:
    with pytest.raises(
        OnrampError, match=r"onramp_plan_file: .* cannot be written: .* Nothing was changed\."
    ) as caught:
        act(name)
    assert caught.value.failure.code == "cannot_write"
