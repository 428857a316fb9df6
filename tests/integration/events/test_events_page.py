# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/events.md and docs/events_automation_controller.md say, held against what there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collection import CHECKOUT, COLLECTIONS
from tests.documents import blocks
from tests.sandbox.listener import listening

PAGE = CHECKOUT / "docs" / "events.md"
CONTROLLER = CHECKOUT / "docs" / "events_automation_controller.md"
EDA = CHECKOUT / "extensions" / "eda"
# Of each rulebook, the variables that it names, with what holds for them if they are not set.
_VARIABLE = re.compile(r"\{\{ \[?(\w+) \| default\(('[^']*'|\d+)\)")


def variables(rulebook: str) -> dict[str, str]:
    found = _VARIABLE.findall((EDA / "rulebooks" / f"{rulebook}.yml").read_text())
    return {name: default.strip("'") for name, default in found}


def test_every_rulebook_source_and_variable_is_on_the_page_with_its_default() -> None:
    text = PAGE.read_text()
    for rulebook in (EDA / "rulebooks").glob("*.yml"):
        assert f"| `onramp.braze_fivetran.{rulebook.stem}` |" in text
    for source in (EDA / "plugins" / "event_source").glob("*.py"):
        assert f"| `onramp.braze_fivetran.{source.stem}` |" in text
    told: dict[str, str] = {}
    for line in text.partition("## Variables")[2].partition("\n## ")[0].splitlines():
        if line.startswith("| `"):
            names, defaults = (re.findall("`([^`]+)`", cell) or [cell.strip()] for cell in line.split("|")[1:3])
            told.update(zip(names, defaults if len(defaults) == len(names) else defaults * len(names), strict=True))
    known = {**variables("heal_job_template"), **variables("heal")}
    assert set(told) == set(known)
    told["fivetran_webhook_secret"] = ""
    assert told == known
    assert set(variables("verify")) == {"fivetran_interval"}


def test_what_the_controllers_page_names_is_there() -> None:
    text = CONTROLLER.read_text()
    for path in re.findall(r"`((?:extensions|examples)/[\w/.-]+)`", text):
        assert (CHECKOUT / path).exists(), path
    configured = (CHECKOUT / "examples" / "awx" / "configure.yml").read_text()
    assert "name: Heal Braze workspaces\n" in configured


@pytest.mark.slow
def test_the_hook_of_the_page_tells_the_channel_of_each_workspace(tmp_path: Path) -> None:
    [hook] = [block for block in blocks(PAGE, "yaml") if "onramp_heal_outcomes" in block]
    (tmp_path / "hook.yml").write_text(hook)
    outcomes = [
        {"workspace": "shop_us", "state": "healed", "did": [], "finding": {}, "message": "It works again."},
        {"workspace": "shop_eu", "state": "needs_a_person", "did": [], "finding": {}, "message": "Make a new key."},
    ]
    (tmp_path / "told.json").write_text(json.dumps({"onramp_heal_outcomes": outcomes}))
    with listening() as channel:
        (tmp_path / "authority.pem").write_text(channel.authority)
        ran = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local",
             "-e", "@told.json", "hook.yml"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "CHANNEL_URL": channel.url,
                 "SSL_CERT_FILE": str(tmp_path / "authority.pem"), "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                 "ANSIBLE_HOME": str(tmp_path / "home"), "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = [json.loads(body)["text"] for _headers, body in channel.heard]
    assert told == ["shop_us: It works again.", "shop_eu: Make a new key."]
