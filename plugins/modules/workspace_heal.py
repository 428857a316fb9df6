#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_heal
short_description: Begin and end the healing of a Braze workspace, and tell how it has ended
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - What C(heal.yml) of this collection needs beside the plan and the roles. It remembers what was tried for which
    cause, so that nothing is tried more than once within O(cooldown), and says how healing has ended.
  - The plan is the variable C(onramp_plan), as which M(onramp.braze_fivetran.workspace_plan) has to be registered, with
    C(purpose=heal).
  - What was tried is remembered in the file O(state), and as the fact C(onramp_heal_attempts) of the host, which lasts
    where a fact cache does.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is remembered in check mode.
  diff_mode:
    support: none
    details:
      - What is healed is told by the modules that do it.
  idempotent:
    support: full
    details:
      - Nothing is healed by this module itself.
options:
  phase:
    description:
      - V(begin) - say whether this run may heal the host, and remember that it tries.
      - V(end) - say how that has ended, and remember it.
      - V(outcome) - say how the host stands, whether anything was done for it or not.
      - V(sum_up) - say in one line how all hosts of the play stand.
      - V(tell) - run the playbook O(hook), if there is one and something has happened.
      - V(verdict) - fail if the host is not well.
    type: str
    choices: [begin, end, outcome, sum_up, tell, verdict]
    required: true
  cooldown:
    description:
      - Within so many seconds nothing is tried twice for the same connection and the same cause. V(0) tries every time,
        and V(604800), a week, is the most.
    type: int
    default: 3600
  state:
    description:
      - Path of the file that remembers what was tried. It holds no secrets. An empty text means none.
      - By default it is C(onramp_heal.json) in Ansible's home, which is C(~/.ansible) unless C(ANSIBLE_HOME) says
        otherwise.
    type: str
  failed_at:
    description:
      - With O(phase=end) in the rescue of a block, what has failed, which the rescue knows as C(ansible_failed_result).
    type: str
    choices: [access, connection]
  hook:
    description:
      - With O(phase=tell), a playbook by its path, or by its full name in a collection. It is run as a process of its
        own, with RV(outcome) of all hosts that were healed, are syncing, need a person or are not healed as the list
        C(onramp_heal_outcomes), and without an inventory.
      - Where it fails, or takes longer than 60 seconds, that is told, and nothing else follows from it. In check mode
        it is not run.
    type: str
seealso:
  - module: onramp.braze_fivetran.workspace_plan
  - module: onramp.braze_fivetran.fivetran_connection_sync
"""

EXAMPLES = r"""
- name: Say how each workspace stands
  hosts: braze_workspaces
  gather_facts: false
  tasks:
    - name: Look at everything, and plan
      onramp.braze_fivetran.workspace_plan:
        purpose: heal
      register: onramp_plan
      run_once: true

    - name: Say what is broken
      onramp.braze_fivetran.workspace_heal:
        phase: outcome
      register: onramp_heal_ended
"""

RETURN = r"""
msg:
  description: What is told, a line or a list of lines.
  returned:
    with O(phase=outcome) and O(phase=sum_up); with O(phase=tell) where the playbook was run; with O(phase=verdict)
    where the host is not well
  type: raw
  sample: "Healed 2, nothing broken 1, needs a person 1, cooling down 0."
goes_ahead:
  description: Whether this run heals the host. Another run may have begun meanwhile.
  returned: with O(phase=begin)
  type: bool
  sample: true
outcome:
  description: How the host stands.
  returned: with O(phase=end) and O(phase=outcome)
  type: dict
  contains:
    workspace:
      description: Name of the host.
      returned: with O(phase=outcome)
      type: str
      sample: shop_us
    state:
      description:
        - V(healed), V(syncing), V(nothing_broken), V(needs_a_person), V(cooling_down), V(not_healed), V(left_out) if it
          was not asked for, or V(to_heal) in check mode.
      type: str
      sample: needs_a_person
    did:
      description: What was done, in words that go on after "It".
      type: list
      elements: str
      sample: ["repaired the role arn:aws:iam::111122223333:role/Fivetran", "synced"]
    message:
      description: How it has ended, or why nothing was done, in a sentence.
      type: str
      sample: Fivetran calls the connection braze_shop_us connected.
    finding:
      description:
        - What is left to a person, with C(step), C(severity), C(code), C(message), C(remedy) and C(field); empty if
          nothing is.
      type: dict
      sample: {}
    findings:
      description:
        - All of that, shaped as RV(outcome.finding), which is the first. What is no error in C(severity) was found of
          access, and may be why the setup tests or the sync have failed.
      type: list
      elements: dict
      sample: []
failure:
  description: The first finding, with C(code), C(message) and C(step).
  returned: with O(phase=verdict), where the host is not well
  type: dict
  sample:
    code: invalid_key
    message: The Braze API key is not good (invalid_key).
    step: key
"""

from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

PHASES = ("begin", "end", "outcome", "sum_up", "tell", "verdict")
OPTIONS = OptionGroup(
    {
        "phase": {"type": "str", "choices": list(PHASES), "required": True},
        "cooldown": {"type": "int", "default": 3600},
        "state": {"type": "str"},
        "failed_at": {"type": "str", "choices": ["access", "connection"]},
        "hook": {"type": "str"},
    }
)


def main() -> None:
    refuse("workspace_heal", OPTIONS)


if __name__ == "__main__":
    main()
