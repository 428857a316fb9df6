#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_plan
short_description: Plan what is to be done for all Braze workspaces of the inventory
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Reads the settings of every host of the group C(braze_workspaces), looks at Braze, Fivetran, AWS and Google Cloud
    Storage for all of them at once, and returns for each host of the play what is wrong and what would be changed.
  - Nothing is written. The playbooks of this collection begin with it; M(onramp.braze_fivetran.workspace_verdict) tells
    the outcome host by host.
  - The whole group counts, whatever C(--limit) selects, so that two workspaces that claim the same thing are both
    refused.
  - It never fails for a workspace. What goes wrong stands in the plan of every workspace that it concerns.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  purpose:
    description:
      - What the plan is for. It decides what is looked at and what may be planned.
      - V(onboard) - create or change connections, and let Fivetran read the buckets.
      - V(verify) - the same, and whatever is not as it should be is a finding.
      - V(rotate_key) - send Braze key and IAM role again to connections that exist.
      - V(heal) - repair what keeps the data of a connection away, and nothing else.
      - V(offboard) - delete connections, and take away the access that nobody else needs.
    type: str
    choices: [onboard, verify, rotate_key, heal, offboard]
    required: true
  step:
    description:
      - What of the plan is done in this run. The playbooks pass on C(onramp_step).
      - V(all) - everything.
      - V(shared) - the policies, roles and grants that several workspaces need, and nothing else; of an offboarding,
        all access that nobody needs any more, once the connections are gone.
      - V(workspaces) - everything else. A workspace that needs something shared which is not as it should be yet is
        refused; of an offboarding, the connections only.
    type: str
    choices: [all, shared, workspaces]
    default: all
  part_of_fleet:
    description:
      - The inventory holds a part of the fleet, such as a job slice of AWX. Nothing is then taken away from what other
        workspaces may need, and no connection is called unclaimed. The playbooks pass on
        C(onramp_part_of_fleet).
    type: bool
    default: false
  hand_on:
    description:
      - Hand the plan to the jobs that follow, as M(ansible.builtin.set_stats) would, in the variable
        C(onramp_approved_plan). It is a text, compressed, which O(approved_plan) takes; one of more than
        two million characters is refused. The playbooks pass on C(onramp_hand_on_plan).
    type: bool
    default: false
  tell_each_up_to:
    description:
      - Up to how many workspaces each of them has a line of its own. Of more, those that are fine, or have nothing to
        do in this step, and of which nothing else is worth a line are counted in RV(told) and left out of
        RV(hosts_to_tell), because Ansible forks a process for each that is told. By default, and with C(-v), each
        has one.
      - The playbooks C(onboard), C(rotate_key) and C(verify) pass on C(onramp_tell_each_up_to), and 100 without it.
    type: int
  heal_connections:
    description:
      - With O(purpose=heal), the connections that are to be healed, each with C(group_id) and C(schema), or with
        C(connection_id), as events name them. Other workspaces are left out. By default, all are looked at.
    type: list
    elements: dict
  heal_cooldown:
    description:
      - With O(purpose=heal), seconds within which nothing is tried twice for the same connection and the same cause,
        from V(0) to V(604800), a week. The playbook passes on C(onramp_heal_cooldown).
    type: int
    default: 3600
  at_once:
    description:
      - How many workspaces the playbook changes at a time, as C(serial) of a play takes it - a number, a percentage of
        them, or a list of such. It is nothing to the plan, and refused here so that it is refused before anything is
        written. The playbooks pass on C(braze_workspaces_at_once).
    type: raw
  heal_wait:
    description:
      - With O(purpose=heal), seconds that C(heal.yml) waits for a sync, from V(1) to V(604800). It is nothing to the
        plan, and refused here so that it is refused before anything is written. The playbook passes on
        C(onramp_heal_wait).
    type: int
  heal_state:
    description:
      - With O(purpose=heal), the file that remembers what was tried, as for M(onramp.braze_fivetran.workspace_heal).
    type: str
  plan_file:
    description:
      - Where the plan is saved, also outside of check mode. The file is written whole or not at all, and a new one is
        for its owner only. It holds no secret. The playbooks pass on C(onramp_plan_file).
      - With the purposes V(onboard), V(rotate_key) and V(offboard) only.
    type: path
  approved_plan:
    description:
      - A plan that was saved, to be done exactly. Its path, the plan itself as a dictionary, or the text in which it is
        handed from job to job. The playbooks pass on C(onramp_approved_plan).
      - The plan is made anew, and a workspace of which it would be another one now is refused with the code
        C(plan_moved) or C(not_approved), and what has moved. What is there already need not be done.
      - With the purposes V(onboard), V(rotate_key) and V(offboard) only.
    type: raw
  buckets_left:
    description:
      - With O(purpose=offboard), the buckets that the connections have read which this run has deleted, by workspace,
        as RV(buckets_left) of the plan before it holds them. Nobody is about to make a connection that reads them.
    type: dict
requirements:
  - requests
  - boto3 for workspaces in S3
  - google-cloud-storage for workspaces in Google Cloud Storage
seealso:
  - module: onramp.braze_fivetran.workspace_verdict
"""

EXAMPLES = r"""
- name: Tell how the workspaces stand
  hosts: braze_workspaces
  gather_facts: false
  tasks:
    - name: Look at everything, and plan
      onramp.braze_fivetran.workspace_plan:
        purpose: verify
      register: onramp_plan
      run_once: true

    - name: Show which workspaces would be changed
      ansible.builtin.debug:
        msg: "{{ onramp_plan.workspaces | dict2items | selectattr('value.applies') | map(attribute='key') }}"
      run_once: true
"""

RETURN = r"""
msg:
  description: How all workspaces stand, in one line.
  returned: always
  type: str
  sample: "Plan: 100 workspaces: 96 fine, 3 to change, 1 refused."
told:
  description:
    - The same; how many of them have no line of their own, see O(tell_each_up_to); what of it Fivetran's rate limit
      will not let be done in one run; and with O(purpose=verify) what RV(unclaimed) and RV(doubts) hold, line by line.
  returned: success
  type: list
  elements: str
  sample: ["Plan: 100 workspaces: 96 fine, 3 to change, 1 refused."]
unclaimed:
  description:
    - The Braze connections of the groups of the play's hosts that no host of the whole inventory claims by
      C(fivetran_group) and C(fivetran_schema). They fail nobody.
  returned: with O(purpose=verify)
  type: list
  elements: dict
  contains:
    host:
      description: A name for its host that the group C(braze_workspaces) does not have yet.
      type: str
      sample: braze_shop_old
    schema:
      description: Its schema.
      type: str
      sample: braze_shop_old
    group_id:
      description: The id of its Fivetran group.
      type: str
      sample: jovial_daylight
    group_name:
      description: The name of its Fivetran group.
      type: str
      sample: Warehouse
    connection_id:
      description: Its id.
      type: str
      sample: iodize_impressive
    reads:
      description: The bucket and the folder that it reads Currents from; empty if from none.
      type: str
      sample: s3://acme-currents-us/currents
    entry:
      description: The host that claims it, in YAML, to be put below C(hosts) of C(braze_workspaces). It holds no key.
      type: str
      sample: "    braze_shop_old:\n      fivetran_group: jovial_daylight\n ..."
doubts:
  description:
    - Of which connections it is not known whether anybody claims them, because a host of the group cannot be read, a
      sentence each. They are not among RV(unclaimed).
  returned: with O(purpose=verify)
  type: list
  elements: str
  sample: []
buckets_left:
  description: The buckets in S3 that the connections of the workspaces read which would leave, by workspace.
  returned: with O(purpose=offboard)
  type: dict
  sample:
    shop_us: [acme-currents-us]
ansible_stats:
  description: What goes to the jobs that follow, in the form in which M(ansible.builtin.set_stats) returns it.
  returned: with O(hand_on=true)
  type: dict
  sample:
    data:
      onramp_approved_plan: "onramp-plan:1:eNrtWm1v2zgS..."
    per_host: false
    aggregate: false
hosts_to_tell:
  description: Which hosts M(onramp.braze_fivetran.workspace_verdict) is for, as a pattern of Ansible.
  returned: success
  type: raw
  sample: braze_workspaces
hosts_to_change:
  description: Which hosts the plays that follow are for, as a pattern of Ansible; nobody in check mode.
  returned: success, unless the look has ended without a plan
  type: raw
  sample: [shop_us, app_us, "&braze_workspaces"]
hosts_to_share:
  description:
    - Which hosts bring to its state what several workspaces need, as a pattern of Ansible; nobody where there is
      nothing of the kind.
  returned: success, unless the look has ended without a plan
  type: raw
  sample: [shop_us, app_us, "&braze_workspaces"]
hosts_taken_up:
  description: Which hosts are healed, or told about, as a pattern of Ansible.
  returned: with O(purpose=heal), unless the look has ended without a plan
  type: raw
  sample: braze_workspaces
to_do:
  description:
    - What the roles are called with, by host, for the playbooks of this collection. It may change with them.
  returned: success
  type: dict
  sample: {}
to_delete:
  description: The connections that would be deleted, a host and its schema each; empty unless with O(purpose=offboard).
  returned: success
  type: list
  elements: str
  sample: []
workspaces:
  description: The plans, by host. They hold no secrets.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the host.
      type: str
      sample: shop_us
    schema:
      description: The schema of its connection; empty where the look did not come to it, as all that follows.
      type: str
      sample: braze_shop_us
    storage:
      description: V(s3), V(gcs), V(azure) or V(none).
      type: str
      sample: s3
    bucket:
      description: The bucket that Currents writes to.
      type: str
      sample: acme-currents-us
    prefix:
      description: The folder in it.
      type: str
      sample: currents
    api_url:
      description: The REST URL of the Braze instance.
      type: str
      sample: https://rest.iad-01.braze.com
    fivetran_api_url:
      description: The URL of Fivetran's API.
      type: str
      sample: https://api.fivetran.com
    paused:
      description: What the inventory says of pausing the connection; V(none) where it says nothing.
      type: bool
      sample: false
    given:
      description: The variables that the inventory sets for it, by name.
      type: list
      elements: str
      sample: [braze_api_key, currents_bucket, fivetran_schema]
    same_key:
      description: The workspaces of the inventory that have the same Braze key, of many the first ten.
      type: list
      elements: str
      sample: []
    verdict:
      description: V(fine), V(changes), or V(refused) where there are problems.
      type: str
      sample: changes
    applies:
      description: Whether there is something to do and nothing that forbids it.
      type: bool
      sample: true
    complete:
      description: Whether everything could be looked at.
      type: bool
      sample: true
    incomplete:
      description: The steps in which something could not be looked at.
      type: list
      elements: str
      sample: []
    problems:
      description:
        - Why nothing is done, each with C(step), C(severity), C(code), C(message), C(remedy) and C(field).
      type: list
      elements: dict
      sample: []
    warnings:
      description: What deserves a look and stops nobody; shaped as RV(workspaces.problems).
      type: list
      elements: dict
      sample: []
    noticed:
      description: What is not as it should be and is no change of this plan, such as a sync that failed.
      type: list
      elements: dict
      sample: []
    changes:
      description: What happens to each object. Nothing to do is recorded, too.
      type: list
      elements: dict
      contains:
        kind:
          description: V(policy), V(role), V(grant) or V(connection).
          type: str
          sample: connection
        name:
          description: ARN, bucket or schema.
          type: str
          sample: braze_shop_us
        action:
          description: V(none), V(create), V(update) or V(delete).
          type: str
          sample: create
        reason:
          description:
            - Why; one of V(as_wanted), V(missing), V(differs), V(sent_again), V(not_tested), V(broken),
              V(not_needed), V(leaves), V(still_needed) and V(gone).
          type: str
          sample: missing
        before:
          description: What is there, as far as it differs.
          type: dict
          sample: {}
        after:
          description: What will be there.
          type: dict
          sample:
            config.gcs_bucket: acme-currents-eu
        shared_with:
          description: Workspaces for which the same object is there, of many the first ten.
          type: list
          elements: str
          sample: []
        made_by:
          description: The workspace that does it for all who share the object; empty if that is this one.
          type: str
          sample: ""
        needed_by:
          description: Who an object is kept for.
          type: list
          elements: str
          sample: []
        work:
          description: How the role C(fivetran_connection) is called for a connection; else V(none).
          type: dict
          sample: {}
    later:
      description: Changes that are made in the other O(step), shaped as RV(workspaces.changes).
      type: list
      elements: dict
      sample: []
    reads:
      description: The buckets in S3 that its connection reads now, with O(purpose=offboard).
      type: list
      elements: str
      sample: [acme-currents-us]
    unverified:
      description: What cannot be seen, a sentence each.
      type: list
      elements: str
      sample: []
    group:
      description: The Fivetran group, with C(id), which is also the External ID, C(name) and C(service_account).
      type: dict
      sample:
        id: jovial_daylight
        name: Warehouse
        service_account: ""
    access:
      description:
        - What the access to the bucket needs. Who brings it to its state for all that share it is the C(maker).
      type: dict
      sample:
        maker: shop_us
        role_arn: arn:aws:iam::111122223333:role/Fivetran
        buckets: [acme-currents-us]
        released: []
        adopt: false
    way:
      description:
        - Where the data is, with O(purpose=verify). Five stops in their order, each with C(stop), which is V(braze),
          V(bucket), V(access), V(connection) or V(warehouse); C(state), which is V(flows), V(late), V(broken),
          V(paused) or V(unknown); C(at), the newest data known there; C(age_seconds), how old that was; and
          C(message), what is wrong.
      type: list
      elements: dict
      sample:
        - stop: warehouse
          state: flows
          at: "2026-03-01T14:00:00Z"
          age_seconds: 1800
          message: ""
    healing:
      description:
        - With O(purpose=heal), what is to be done, or why nothing is, with C(state), C(message), C(causes), which are
          repaired, C(left), which is left to a person, C(hints), C(notes), C(cause), C(tried), C(again_at) and what the
          playbook goes by.
      type: dict
      sample:
        state: nothing_broken
        message: Nothing is broken.
    findings:
      description: What fails the host, shaped as RV(workspaces.problems).
      type: list
      elements: dict
      sample: []
    failed:
      description: Whether M(onramp.braze_fivetran.workspace_verdict) fails the host.
      type: bool
      sample: false
    failure:
      description: The first finding, with C(code) and C(message); empty if there is none.
      type: dict
      sample: {}
    warned:
      description: What it warns of, a sentence each.
      type: list
      elements: str
      sample: []
    told_if_verbose:
      description: What it tells beside that with C(-v), line by line.
      type: list
      elements: str
      sample: []
    reads_only:
      description: Whether the playbook only looks, as verify.yml does.
      type: bool
      sample: false
    diff:
      description: What C(--diff) shows of it, as M(onramp.braze_fivetran.workspace_verdict) returns it.
      type: list
      elements: dict
      sample: []
    has_news:
      description: Whether it is worth a line of its own among many, see O(tell_each_up_to).
      type: bool
      sample: false
    told:
      description: What M(onramp.braze_fivetran.workspace_verdict) tells, line by line.
      type: list
      elements: str
      sample: ["shop_us: everything is as it should be."]
    seen:
      description: What was seen, as the modules of this collection return it.
      type: dict
      sample: {}
failure:
  description: What went wrong, as data.
  returned: failure
  type: dict
  sample:
    code: invalid_argument
    message: 'onramp_heal_wait: expected a whole number, got "x".'
    status:
    request:
    request_id:
    retry_after:
"""

from ..module_utils._kernel.options.shared import HTTP_OPTIONS
from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

PURPOSES = ("onboard", "verify", "rotate_key", "heal", "offboard")
STEPS = ("all", "shared", "workspaces")
OPTIONS = (
    OptionGroup(
        {
            "purpose": {"type": "str", "choices": list(PURPOSES), "required": True},
            "step": {"type": "str", "choices": list(STEPS), "default": "all"},
            "part_of_fleet": {"type": "bool", "default": False},
            "hand_on": {"type": "bool", "default": False},
            "tell_each_up_to": {"type": "int"},
            "heal_connections": {"type": "list", "elements": "dict"},
            "buckets_left": {"type": "dict"},
            "heal_cooldown": {"type": "int", "default": 3600},
            "at_once": {"type": "raw"},
            "heal_wait": {"type": "int"},
            "heal_state": {"type": "str"},
            "plan_file": {"type": "path"},
            # Hidden because it is long; there is nothing secret in it.
            "approved_plan": {"type": "raw", "no_log": True},
        }
    )
    | HTTP_OPTIONS
)


def main() -> None:
    refuse("workspace_plan", OPTIONS)


if __name__ == "__main__":
    main()
