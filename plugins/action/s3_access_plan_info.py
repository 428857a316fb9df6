# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws import client as aws_client
from ansible_collections.onramp.braze_fivetran.plugins.modules import s3_access_plan_info
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.in_process import InProcessAction

# Here once, in the process that Ansible forks a worker from for every host.
aws_client.preload()


class ActionModule(InProcessAction):
    """Runs the module of the same name in Ansible's own process where that is the same."""

    module = s3_access_plan_info
