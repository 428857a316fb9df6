# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan goes to the person who approves it: no secret of any workspace is in it, whatever a vendor quotes."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.file import read
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.tell import lines

from tests.hardening.test_secret_matrix import SCHEMA, _all_of_the_play, _play
from tests.integration.playbooks.plans import add_connection, reads_currents
from tests.sandbox.client import Sandbox


def test_no_secret_that_fivetran_quotes_is_in_a_saved_plan_nor_in_what_is_shown_of_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    quoted = _all_of_the_play()
    said = " ".join(quotation.text for quotation in quoted)
    add_connection(sandbox, SCHEMA, **reads_currents(prefix=said))
    path = tmp_path / "plan.json"
    result, shown = _play(sandbox, tmp_path, "onboard.yml", "--check", "-e", f"onramp_plan_file={path}")
    assert result.exit_code == 2, result.output
    text = path.read_text()
    assert text.count("END") >= len(quoted)
    told = lines(read(str(path))[1])
    everything = "\n".join([text, *told, shown]).replace("\\\\", "\\")
    assert [(quotation.secret, found) for quotation in quoted if (found := quotation.found_in(everything))] == []
