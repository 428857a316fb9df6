# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what a shell has to export to find the sandbox of a file such as integration_config.yml."""

from __future__ import annotations

import shlex
import sys

import yaml

with open(sys.argv[1]) as config:
    for name, value in yaml.safe_load(config)["sandbox"].items():
        print(f"export {name}={shlex.quote(value)}")
