# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX and the EDA controller take what ``examples/awx`` gives their modules; and what they would not take is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from ansible.errors import AnsibleError

from tests.awx.arguments import collections
from tests.awx.checks import findings
from tests.awx.examples import EXAMPLES, tasks
from tests.collection import CHECKOUT

CONFIGURE, EDA = "configure.yml", "configure_eda.yml"
ONBOARDS, OFFBOARDS = "Make the job template that onboards", "Make the job template that offboards"
SLICES, WORKFLOW = "Make the job template that onboards in slices", "Make the workflow"
TYPES, ALARM, NIGHTLY = "Make the credential types", "Make the alarm", "Verify every night"
APPROVAL = "type: workflow_approval\n"
FIVETRAN, ONBOARD, OFFBOARD = "credential_type_fivetran.yml", "survey_onboard.yml", "survey_offboard.yml"


def test_the_examples_give_what_the_controllers_take() -> None:
    assert findings() == []


def test_every_task_and_every_node_is_looked_at() -> None:
    called = {(task.file, task.collection, task.module) for task in tasks()}
    written = {
        (path.name, *called.rsplit(".", 1))
        for path in EXAMPLES.glob("*.yml")
        for called in re.findall(r"^ +((?:awx\.awx|ansible\.eda)\.\w+):", path.read_text(), re.MULTILINE)
    }
    assert called == written
    assert {collection for _file, collection, _module in called} == set(collections())
    [workflow] = [task for task in tasks() if task.module == "workflow_job_template"]
    assert len(workflow.arguments["workflow_nodes"]) == 5


def test_templates_of_a_credential_type_reach_the_controller_as_they_stand() -> None:
    made = {task.arguments["name"]: task.arguments for task in tasks() if task.module == "credential_type"}
    assert made["Fivetran"]["injectors"]["env"]["FIVETRAN_APIKEY"] == "{{ api_key }}"
    assert made["Braze API keys"]["injectors"]["env"]["BRAZE_API_KEYS_FILE"] == "{{ tower.filename }}"


def test_the_pages_name_the_releases_that_the_arguments_are_of() -> None:
    for collection, page in (("awx.awx", "awx.md"), ("ansible.eda", "events_automation_controller.md")):
        release = ".".join(collections()[collection]["release"].removeprefix("v").split(".")[:2])
        assert f"`{collection}` {release}" in (CHECKOUT / "docs" / page).read_text()


# The file, what stands there, what takes its place, and what of the finding tells where and why: task, then argument.
BROKEN = {
    "an unknown argument": (
        CONFIGURE, "scm_update_on_launch: true", "scm_update_at_launch: true",
        ("Make the project", "scm_update_at_launch", "python -m tests.awx.renew"),
    ),
    "an unknown module": (CONFIGURE, "awx.awx.schedule:", "awx.awx.schedules:", (NIGHTLY, "awx.awx.schedules")),
    "a wrong type": (CONFIGURE, "slices: 4", "slices: four", (SLICES, "job_slice_count", "int")),
    "a dictionary for a text": (
        CONFIGURE, "project: Braze workspaces\n        inv", "project: {name: Braze workspaces}\n        inv",
        (ONBOARDS, "project is a text"),
    ),
    "a wrong choice": (CONFIGURE, "job_type: check", "job_type: look", ("plans the whole fleet", "job_type", "check")),
    "a required one missing": (
        CONFIGURE, "organization: \"{{ organization }}\"\n\n    - name: Take", "\n    - name: Take",
        ("Make the inventory", "missing required arguments: organization"),
    ),
    "required in a state": (EDA, "image_url:", "description:", ("decision environment", "image_url")),
    "an unknown argument of a node": (
        CONFIGURE, "- identifier: verify", "- identifier: verify\n            slices: 4",
        (WORKFLOW, "slices", "workflow_nodes"),
    ),
    "a wrong type in a node": (
        CONFIGURE, "approval_timeout: 86400", "approval_timeout: a day", (WORKFLOW, "timeout", "a day"),
    ),
    "a node without identifier": (
        CONFIGURE, "- identifier: plan\n            unified", "- unified",
        (WORKFLOW, "missing required arguments: identifier"),
    ),
    "a node that does not exist": (
        CONFIGURE, "success_nodes: [{identifier: shared}]", "success_nodes: [{identifier: share}]",
        (WORKFLOW, "node approval", "no node share"),
    ),
    "two nodes of one identifier": (
        CONFIGURE, "- identifier: verify", "- identifier: shared", (WORKFLOW, "node shared", "more than one"),
    ),
    "a circle": (
        CONFIGURE, "[{identifier: verify}]", "[{identifier: approval}]",
        (WORKFLOW, "circle", "approval -> shared -> workspaces -> approval"),
    ),
    "a node that follows in two ways": (
        CONFIGURE, "success_nodes: [{identifier: shared}]",
        "success_nodes: [{identifier: shared}]\n              always_nodes: [{identifier: shared}]",
        (WORKFLOW, "node approval", "shared follows in more than one way"),
    ),
    "an approval that names an organization": (
        CONFIGURE, APPROVAL, f"{APPROVAL}              organization: {{name: Default}}\n",
        (WORKFLOW, "node approval", "organization: no approval has it"),
    ),
    "a timeout of a job": (
        CONFIGURE, "name: Verify Braze workspaces\n              type",
        "name: Verify Braze workspaces\n              timeout: 5\n              type",
        (WORKFLOW, "node verify", "timeout: only an approval has it"),
    ),
    "an unknown type of a node": (
        CONFIGURE, APPROVAL, "type: approval\n", (WORKFLOW, "node approval", "type: one of", "workflow_approval"),
    ),
    "a node whose job template is not made": (
        CONFIGURE, "name: Onboard Braze workspaces in slices\n        organ", "name: Onboard in slices\n        organ",
        (WORKFLOW, "node workspaces", "Onboard Braze workspaces in slices"),
    ),
    "what a job template does not ask for": (
        CONFIGURE, "- identifier: verify", "- identifier: verify\n            extra_data: {a: 1}",
        (WORKFLOW, "node verify", "extra_data", "ask_variables_on_launch"),
    ),
    "no slice": (CONFIGURE, "slices: 4", "slices: 0", (SLICES, "job_slice_count: 1 or more")),
    "slices that take themselves for the fleet": (
        CONFIGURE, "onramp_part_of_fleet: true", "onramp_part_of_fleet: false",
        (SLICES, "job_slice_count", "onramp_part_of_fleet"),
    ),
    "a plan that nobody hands on": (
        CONFIGURE, "onramp_hand_on_plan: true", "onramp_hand_on_plan: false",
        (WORKFLOW, "node shared", "onramp_hand_on_plan"),
    ),
    "a workflow that puts something in the place of the plan": (
        CONFIGURE, "notification_templates_approvals:",
        "extra_vars: {onramp_approved_plan: \"\"}\n        notification_templates_approvals:",
        (WORKFLOW, "extra_vars", "takes the place of the plan"),
    ),
    "a name that no task makes": (
        CONFIGURE, "notification_templates_approvals: [Drift of Braze workspaces]",
        "notification_templates_approvals: [Drift]", (WORKFLOW, "notification_templates_approvals", "'Drift'"),
    ),
    "a rule without interval": (CONFIGURE, ";INTERVAL=1", "", (NIGHTLY, "rrule", "INTERVAL")),
    "a rule in no time zone": (CONFIGURE, ";TZID=Etc/UTC", "", (NIGHTLY, "rrule", "TZID")),
    "a notification without headers": (CONFIGURE, "headers: {}", "username: me", (ALARM, "headers: missing")),
    "a notification by GET": (CONFIGURE, "http_method: POST", "http_method: GET", (ALARM, "http_method")),
    "an unknown kind of field": (FIVETRAN, "type: string", "type: text", (TYPES, "api_key", "type: string or boolean")),
    "an unknown part of a field": (FIVETRAN, "secret: true", "hidden: true", (TYPES, "api_key", "hidden: unknown")),
    "a field that is required and not there": (
        FIVETRAN, "    - api_secret\ninjectors", "    - secret\ninjectors", (TYPES, "required", "no field secret"),
    ),
    "a template of a field that is not there": (
        FIVETRAN, "{{ api_key }}", "{{ key }}", (TYPES, "injectors -> env -> FIVETRAN_APIKEY", "no field key"),
    ),
    "a variable that belongs to Ansible": (FIVETRAN, "FIVETRAN_APIKEY:", "ANSIBLE_KEY:", (TYPES, "ANSIBLE_KEY")),
    "an unknown injector": (FIVETRAN, "  env:", "  environment:", (TYPES, "injectors -> environment: unknown")),
    "a file that is not made": (
        "credential_type_braze.yml", "  file:\n    template: \"{{ api_keys }}\"\n", "",
        (TYPES, "BRAZE_API_KEYS_FILE", "no field tower"),
    ),
    "a survey that is off": (CONFIGURE, "survey_enabled: true", "survey_enabled: false", (ONBOARDS, "survey_enabled")),
    "an unknown kind of question": (ONBOARD, "type: integer", "type: number", (ONBOARDS, "at_once", "unknown number")),
    "a default of another type": (ONBOARD, "default: 0", "default: none", (ONBOARDS, "at_once", "default: int")),
    "a question without required": (ONBOARD, "    required: true\n", "", (ONBOARDS, "at_once", "required: missing")),
    "a choice that is not text": (OFFBOARD, '["false", "true"]', "[false, true]", (OFFBOARDS, "confirmed", "choices")),
    "a default that is no choice": (OFFBOARD, 'default: "false"', 'default: "no"', (OFFBOARDS, "default", "'no'")),
}  # fmt: skip


def copied(folder: Path, playbook: str, file: str, before: str, after: str) -> Path:
    """Copy a playbook with what it reads, and put something else in one place of a file."""
    for path in (EXAMPLES / playbook, *EXAMPLES.glob("survey_*.yml"), *EXAMPLES.glob("credential_*.yml")):
        shutil.copy(path, folder)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1))
    return folder


@pytest.mark.parametrize("kind", BROKEN)
def test_what_a_controller_would_not_take_is_told_with_file_task_and_argument(kind: str, tmp_path: Path) -> None:
    file, before, after, told = BROKEN[kind]
    playbook = EDA if file == EDA else CONFIGURE
    found = findings(copied(tmp_path, playbook, file, before, after))
    assert any(one.startswith(f"{playbook}: ") and all(part in one for part in told) for one in found), found


def test_a_variable_that_nothing_defines_fails_where_it_is_used(tmp_path: Path) -> None:
    folder = copied(tmp_path, CONFIGURE, CONFIGURE, "    slices: 4\n", "")
    with pytest.raises(AnsibleError, match="'slices' is undefined"):
        findings(folder)
