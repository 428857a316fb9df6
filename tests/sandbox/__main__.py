# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the sandbox, or a shell inside it: ``python -m tests.sandbox``, or ``braze-fivetran-sandbox`` once installed."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .aws import CUSTOMER_ACCOUNT
from .client import CHECKOUT, PACKAGE, Sandbox
from .fleet_world import FLEET, PROFILES, build_fleet, credentials_file
from .service import exports, serve

EXPORTED_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# What belongs to the collection is there in its checkout only. As the Makefile has it, for who starts without make.
IN_CHECKOUT = {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".cache" / "collections")} if FLEET.is_dir() else {}
# Without being asked for, unless something else is.
REPORT = {"ANSIBLE_CALLBACKS_ENABLED": "onramp.braze_fivetran.workspace_report"} if FLEET.is_dir() else {}

BANNER = """\
The sandbox is running: Braze, Fivetran, Google Cloud Storage and AWS on 127.0.0.1, until you leave this shell.

  Braze     {SANDBOX_BRAZE_URL}
  Fivetran  {FIVETRAN_API_URL}   External ID and group: jovial_daylight (Warehouse)
  AWS       {AWS_ENDPOINT_URL}   account 111122223333, bucket acme-currents-us
  GCS       {STORAGE_EMULATOR_HOST}   bucket acme-currents-eu
  Control   {SANDBOX_CONTROL_URL}   GET /journal, GET /state, GET /servers, POST /faults, POST /reset

Try:
"""
TRY_PLAYBOOKS = """\
  ansible-playbook -i examples/workspaces.yml onramp.braze_fivetran.onboard
  (cd examples/fleet && ansible-playbook onramp.braze_fivetran.onboard)
"""
TRY = "  curl -s $SANDBOX_CONTROL_URL/journal | python -m json.tool | less\n"


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run until stopped, and print the variables to export")
    serving.add_argument("--announce", type=Path, help="file to write the variables to instead, as JSON")
    serving.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input closes")
    attached = commands.add_parser("env", help="print the variables of a running sandbox")
    attached.add_argument("control_url", nargs="?", help="its control port; default: SANDBOX_CONTROL_URL")
    shell = commands.add_parser("shell", help="run a shell, or COMMAND, with the sandbox running")
    shell.add_argument("arguments", nargs="*", metavar="COMMAND", help="command to run instead of a shell")
    replaying = commands.add_parser("replay", help="answer as the vendors did in traces, until stopped or for COMMAND")
    replaying.add_argument(
        "traces", nargs="+", type=Path, metavar="FILE", help="one run after the other; then -- COMMAND"
    )
    mark = sys.argv.index("--") if "replay" in sys.argv[1:2] and "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:mark])
    if options.command == "replay":
        return replay_or_refuse(options.traces, sys.argv[mark + 1 :])
    if options.command == "serve":
        asyncio.run(serve(options.announce, until_stdin_closes=options.until_stdin_closes))
        return 0
    if options.command == "env":
        print(exports(Sandbox.attach(options.control_url).env))
        return 0
    return run_inside(options.arguments)


def replay_or_refuse(traces: list[Path], command: list[str]) -> int:
    """Replay traces; say it in one sentence if they are none."""
    from .replay import replay
    from .replay_trace import BadTrace

    try:
        return replay(traces, command)
    except BadTrace as reason:
        print(reason, file=sys.stderr)
        return 2


def run_inside(command: list[str]) -> int:
    """Run ``command``, or the person's shell, with the sandbox's variables; return its exit code."""
    with Sandbox.start() as sandbox, tempfile.TemporaryDirectory() as folder:
        if FLEET.is_dir():
            build_fleet(sandbox)
            sandbox.clear_journal()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**REPORT, **os.environ, **with_profiles(sandbox, Path(folder)), "PATH": path}
        if not command:
            print(BANNER.format(**sandbox.env) + (TRY_PLAYBOOKS if FLEET.is_dir() else "") + TRY)
        try:
            return subprocess.run(command or [os.environ.get("SHELL", "sh")], env=environment, check=False).returncode
        except KeyboardInterrupt:
            return 130


def with_profiles(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Return the sandbox's variables with AWS's keys in a file: an exported key would forbid the fleet's profiles."""
    credentials = folder / "credentials"
    credentials.write_text(credentials_file({"default": CUSTOMER_ACCOUNT, **PROFILES}))
    kept = {name: value for name, value in sandbox.env.items() if name not in EXPORTED_KEYS}
    return {**kept, "AWS_SHARED_CREDENTIALS_FILE": str(credentials), **IN_CHECKOUT}


if __name__ == "__main__":
    sys.exit(main())
