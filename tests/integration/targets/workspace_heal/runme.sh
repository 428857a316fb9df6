#!/usr/bin/env bash
# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu

# What looks at all workspaces asks for the environment of Ansible, and not for that of a task.
eval "$(python ../setup_sandbox/exports.py ../../integration_config.yml)"

ansible-playbook -i ../setup_sandbox/workspaces.yml playbook.yml "$@"
