# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.onramp.braze_fivetran.plugins.modules import fivetran_connection_schema
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Runs the module of the same name in Ansible's own process where that is the same."""

    module = fivetran_connection_schema
