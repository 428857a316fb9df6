# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role s3_access with the amazon.aws that is installed, and with the next one as its deprecations announce it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.storage.reading import ROLE_ARN, S3, Connection
from tests.playbook import COLLECTIONS, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

INSTALLED = COLLECTIONS / "ansible_collections" / "amazon" / "aws"
OPTIONS = ("create_instance_profile", "delete_instance_profile")

PLAY: list[dict[str, Any]] = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": ["onramp.braze_fivetran.s3_access"],
        "tasks": [
            {
                "name": "Out comes",
                "ansible.builtin.debug": {
                    "msg": "{{ [lookup(version_lookup, 'amazon.aws'), s3_access_role_arn] | join(' ') }}"
                },
            }
        ],
        "vars": {
            "s3_access_external_id": world.GROUP_ID,
            "s3_access_bucket": world.S3_BUCKET,
            "version_lookup": "onramp.braze_fivetran.collection_version",
        },
    }
]


def next_version(folder: Path) -> Path:
    """Lay out a collections path with an amazon.aws 12 whose iam_role no longer knows of instance profiles."""
    collections = folder / "ansible_collections"
    aws = collections / "amazon" / "aws"
    modules = aws / "plugins" / "modules"
    modules.mkdir(parents=True)
    (collections / "onramp").symlink_to(COLLECTIONS / "ansible_collections" / "onramp")
    for source in (
        *INSTALLED.iterdir(),
        *(INSTALLED / "plugins").iterdir(),
        *(INSTALLED / "plugins" / "modules").iterdir(),
    ):
        link = aws / source.relative_to(INSTALLED)
        if not link.exists():
            link.symlink_to(source)
    replace(aws / "MANIFEST.json", {f'"version": "{installed_version()}"': '"version": "12.0.0-dev0"'})
    changes = {f'{option}=dict(type="bool"),': "" for option in OPTIONS}
    changes |= {"create_profile = True if create_profile is None else create_profile": "create_profile = False"}
    changes |= {f'if module.params.get("{option}") is None:': "if False:" for option in OPTIONS}
    changes |= {'if module.params.get("create_instance_profile") is not False:': "if False:"}
    replace(modules / "iam_role.py", changes)
    return folder


def replace(link: Path, changes: dict[str, str]) -> None:
    """Put a changed copy in the place of a link."""
    text = link.read_text()
    for old, new in changes.items():
        assert old in text, f"{link.name} of this amazon.aws has no {old}"
        text = text.replace(old, new)
    link.unlink()
    link.write_text(text)


def installed_version() -> str:
    version: str = json.loads((INSTALLED / "MANIFEST.json").read_text())["collection_info"]["version"]
    return version


@pytest.mark.slow
@pytest.mark.parametrize("coming", [pytest.param(False, id="installed"), pytest.param(True, id="coming")])
def test_the_role_passes_no_option_that_amazon_aws_deprecates_or_removes(
    sandbox: Sandbox, tmp_path: Path, coming: bool
) -> None:
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(next_version(tmp_path))} if coming else {}
    version = "12.0.0-dev0" if coming else installed_version()
    play = run_playbook(sandbox, PLAY, environment=environment)
    assert play.exit_code == 0, play.output
    [out] = [task.result["msg"] for task in play.tasks if task.task == "Out comes"]
    assert out == f"{version} {ROLE_ARN}"
    assert "instance_profile" not in play.output
    assert sandbox.aws("iam").list_instance_profiles()["InstanceProfiles"] == []
    assert Connection(sandbox, S3).problems() == []
    assert run_playbook(sandbox, PLAY, environment=environment).changed("localhost") == 0
    gone = run_playbook(sandbox, PLAY, "--extra-vars", "s3_access_state=absent", environment=environment)
    assert gone.changed("localhost") == 2
