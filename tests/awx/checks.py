# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that can be said against the playbooks of ``examples/awx`` without AWX."""

from __future__ import annotations

from pathlib import Path

from tests.awx.arguments import of_arguments, of_names
from tests.awx.examples import EXAMPLES, Task, tasks
from tests.awx.shapes import of_shape
from tests.awx.workflows import of_slices, of_workflow


def findings(folder: Path = EXAMPLES) -> list[str]:
    """Return what is wrong, each with file, task and argument."""
    everything, found, before = tasks(folder), [], list[Task]()
    for task in everything:
        templates = {str(one.arguments.get("name")): one.arguments for one in before if one.module == "job_template"}
        found += [*of_arguments(task), *of_shape(task), *of_slices(task), *of_workflow(task, templates)]
        before.append(task)
    return [*found, *of_names(everything)]
