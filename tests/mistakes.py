# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mistakes of the first hour, as people make them in the files that ``init`` writes, and what they are told.

``python -m tests.mistakes`` makes them all with a fresh home and prints what the person sees. A mistake more is a line
more in :data:`SETTINGS`, :data:`ALONE` or :data:`INVENTORIES`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.collection import CHECKOUT, COLLECTIONS
from tests.warm import WarmPlay, can_be_warm, printed_by

BIN = Path(sys.executable).parent
# In seconds; a play that hangs fails its test.
TIMEOUT = 180
COLUMNS = 100
MOST_LINES = 5
PLAYBOOK = "onramp.braze_fivetran.onboard"
INIT = CHECKOUT / "playbooks" / "files" / "init"
PASSWORD = "a-password-of-a-vault"
# As the vendors make them; none is in use anywhere.
BRAZE_KEY = "0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90"
FIVETRAN_KEY, FIVETRAN_SECRET = "aPzT4k9QmVx2bN7c", "s3cr3tOfTheAccount0815AbCdEfGhIj"

# What a workspace says that has made no mistake, as YAML.
GOOD: Mapping[str, str] = {
    "fivetran_group": "Warehouse",
    "fivetran_api_key": FIVETRAN_KEY,
    "fivetran_api_secret": FIVETRAN_SECRET,
    "braze_api_url": "US-01",
    "braze_api_key": BRAZE_KEY,
    "currents_storage": "s3",
    "currents_bucket": "acme-currents",
    "currents_prefix": "currents",
    "fivetran_schema": "braze_shop",
}


@dataclass(frozen=True)
class Wrong:
    """Variables of one host as somebody writes them, in YAML; None for what is left out.

    ``variable``: what the message has to name. ``step``: what it has to say of what comes next.
    """

    what: str
    changes: Mapping[str, str | None]
    variable: str
    step: str
    role: str = ""


SETTINGS: Sequence[Wrong] = (
    Wrong("the instance without its hyphen", {"braze_api_url": "us1"}, "braze_api_url", "Did you mean US-01?"),
    Wrong("the instance with a blank", {"braze_api_url": "US 01"}, "braze_api_url", "Did you mean US-01?"),
    Wrong("the instance by its cluster", {"braze_api_url": "iad-01"}, "braze_api_url", "Did you mean US-01?"),
    Wrong("no instance at all", {"braze_api_url": "production"}, "braze_api_url", "US-01, US-02"),
    Wrong("a URL without TLS", {"braze_api_url": "http://rest.iad-01.braze.com"}, "braze_api_url", "Use https://"),
    Wrong("an empty URL", {"braze_api_url": '""'}, "braze_api_url", "REST URL, dashboard URL or name (US-01)"),
    Wrong("a list of URLs", {"braze_api_url": "[US-01]"}, "braze_api_url", "expected text"),
    Wrong("nothing after the colon", {"braze_api_url": ""}, "braze_api_url", "REST URL, dashboard URL or name (US-01)"),
    Wrong("what init has written", {"braze_api_url": "CHANGE_ME"}, "braze_api_url", "REST URL, dashboard URL or name"),
    Wrong("another name for the URL", {"braze_api_url": None, "braze_url": "US-01"}, "braze_api_url", "braze_url is"),
    Wrong("no key", {"braze_api_key": None}, "braze_api_key", "APIs and Identifiers"),
    Wrong("an empty key", {"braze_api_key": '""'}, "braze_api_key", "APIs and Identifiers"),
    Wrong("a header as key", {"braze_api_key": f"Bearer {BRAZE_KEY}"}, "braze_api_key", "give the key alone"),
    Wrong("a key in two pairs of quotes", {"braze_api_key": f"\"'{BRAZE_KEY}'\""}, "braze_api_key", "remove them"),
    Wrong(
        "a key cut in two", {"braze_api_key": f'"{BRAZE_KEY[:9]}\\n{BRAZE_KEY[9:]}"'}, "braze_api_key", "in one line"
    ),
    Wrong("a key cut off", {"braze_api_key": BRAZE_KEY[:5]}, "braze_api_key", "cut off"),
    Wrong("a mask as key", {"braze_api_key": '"************"'}, "braze_api_key", "give the key itself"),
    Wrong("a key that no vault has", {"braze_api_key": '"{{ vault_keys.shop }}"'}, "braze_api_key", "vault_keys"),
    Wrong("the cloud in place of the storage", {"currents_storage": "AWS"}, "currents_storage", "Did you mean s3?"),
    Wrong("the vendor of the storage", {"currents_storage": "google"}, "currents_storage", "Did you mean gcs?"),
    Wrong("a scheme as storage", {"currents_storage": "gs"}, "currents_storage", "Did you mean gcs?"),
    Wrong("capitals", {"currents_storage": "S3"}, "currents_storage", "Did you mean s3?"),
    Wrong("a boolean of YAML", {"currents_storage": "no"}, "currents_storage", "Did you mean none?"),
    Wrong("no storage", {"currents_storage": None}, "currents_storage", "Expected s3, gcs, azure or none"),
    Wrong(
        "an address as bucket",
        {"currents_bucket": "s3://acme-currents/currents/"},
        "currents_bucket",
        "Write currents_bucket: acme-currents and currents_prefix: currents.",
    ),
    Wrong(
        "an address in another cloud",
        {"currents_bucket": "gs://acme-currents/currents"},
        "currents_bucket",
        "Write currents_storage: gcs and currents_bucket: acme-currents and currents_prefix: currents.",
    ),
    Wrong(
        "the page of the bucket",
        {"currents_bucket": "https://eu-west-1.console.aws.amazon.com/s3/buckets/acme-currents?tab=objects"},
        "currents_bucket",
        "Write currents_bucket: acme-currents.",
    ),
    Wrong(
        "the ARN of the bucket",
        {"currents_bucket": "arn:aws:s3:::acme-currents"},
        "currents_bucket",
        "Write currents_bucket: acme-currents.",
    ),
    Wrong("a bucket in capitals", {"currents_bucket": "Acme-Currents"}, "currents_bucket", "mean acme-currents?"),
    Wrong("no bucket", {"currents_bucket": None}, "currents_bucket", "Name the bucket"),
    Wrong("an address as folder", {"currents_prefix": "s3://acme/currents"}, "currents_prefix", "mean currents?"),
    Wrong("no connection string", {"currents_storage": "azure"}, "currents_connection_string", "Access keys"),
    Wrong("a schema with a hyphen", {"fivetran_schema": "Braze-Shop"}, "fivetran_schema", "Did you mean braze_shop?"),
    Wrong("a schema with a digit first", {"fivetran_schema": "1shop"}, "fivetran_schema", "Did you mean braze_1shop?"),
    Wrong("a date as schema", {"fivetran_schema": "2026-11-01"}, "fivetran_schema", "Put it in quotes"),
    Wrong("an empty group", {"fivetran_group": '""'}, "fivetran_group", "Name or id of the Fivetran group"),
    Wrong("another name for the group", {"fivetran_group": None, "fivetran_group_id": "x"}, "fivetran_group", "Rename"),
    Wrong("no Fivetran key", {"fivetran_api_key": None}, "FIVETRAN_APIKEY", "your name > API Key"),
    Wrong("no Fivetran secret", {"fivetran_api_secret": None}, "FIVETRAN_APISECRET", "your name > API Key"),
    Wrong("an empty Fivetran key", {"fivetran_api_key": '""'}, "fivetran_api_key", "your name > API Key"),
    Wrong("the whole header", {"fivetran_api_key": "Basic abcdef123456"}, "fivetran_api_key", "give the key alone"),
    Wrong("a host as URL", {"fivetran_api_url": "api.fivetran.com"}, "fivetran_api_url", "expected an https:// URL"),
    Wrong(
        "a frequency in words",
        {"fivetran_connection_sync_frequency": "1h"},
        "fivetran_connection_sync_frequency",
        "Did you mean 60?",
    ),
    Wrong(
        "a frequency that Fivetran has not",
        {"fivetran_connection_sync_frequency": "45"},
        "fivetran_connection_sync_frequency",
        "expected 1, 5, 15, 30",
    ),
    Wrong(
        "a time of a day without quotes",
        {"fivetran_connection_daily_sync_time": "14:00", "fivetran_connection_sync_frequency": "1440"},
        "fivetran_connection_daily_sync_time",
        "put it in quotes",
    ),
    Wrong(
        "a time within the hour",
        {"fivetran_connection_daily_sync_time": '"14:30"', "fivetran_connection_sync_frequency": "1440"},
        "fivetran_connection_daily_sync_time",
        'Did you mean "14:00"?',
    ),
    Wrong(
        "a daily time without a daily sync",
        {"fivetran_connection_daily_sync_time": '"14:00"'},
        "fivetran_connection_daily_sync_time",
        "fivetran_connection_sync_frequency",
    ),
    Wrong(
        "a date as people write it",
        {"fivetran_connection_history_from": "01.02.2026"},
        "fivetran_connection_history_from",
        "such as 2026-02-01",
    ),
    Wrong("neither yes nor no", {"fivetran_connection_paused": "maybe"}, "fivetran_connection_paused", "true or false"),
    Wrong("a name as ARN", {"s3_access_role_arn": "Fivetran"}, "s3_access_role_arn", "set s3_access_role_name"),
    Wrong(
        "the ARN of a user",
        {"s3_access_role_arn": "arn:aws:iam::111122223333:user/me"},
        "s3_access_role_arn",
        "That is a user, not a role.",
    ),
    Wrong("a role with a blank", {"s3_access_role_name": "my role"}, "s3_access_role_name", "letters, digits and"),
    Wrong(
        "an account of which YAML makes another number",
        {"s3_access_account_id": "012345671234"},
        "s3_access_account_id",
        "put them in quotes",
    ),
    Wrong("tags as a list", {"s3_access_tags": "[team]"}, "s3_access_tags", "expected a dictionary"),
    Wrong(
        "half a pair of keys",
        {"s3_access_aws_access_key": "AKIAIOSFODNN7EXAMPLE"},
        "s3_access_aws_access_key",
        "s3_access_aws_secret_key is not",
    ),
    Wrong(
        "a role as the console calls it",
        {"gcs_access_role": "Storage Object Viewer", "currents_storage": "gcs"},
        "gcs_access_role",
        "Did you mean roles/storage.objectViewer?",
    ),
    Wrong(
        "a choice that is none",
        {"fivetran_connection_update_secrets": "never"},
        "fivetran_connection_update_secrets",
        "on_create, on_test_failure or always",
    ),
)

LANDING = {"currents_landing_storage": "s3", "currents_landing_bucket": "acme-currents"}
# What is written for a role that is used alone.
ALONE: Sequence[Wrong] = (
    Wrong("nothing is set", {}, "currents_landing_storage", "Expected s3 or gcs", "currents_landing"),
    Wrong(
        "a bucket is missing",
        {"currents_landing_storage": "s3"},
        "currents_landing_bucket",
        "Name of the bucket",
        "currents_landing",
    ),
    Wrong(
        "a variable is misspelt",
        {"currents_landing_storage": "s3", "currents_landing_bukket": "acme-currents"},
        "currents_landing_bucket",
        "currents_landing_bukket is. Rename that.",
        "currents_landing",
    ),
    Wrong(
        "a choice that is none",
        {**LANDING, "currents_landing_storage": "aws"},
        "currents_landing_storage",
        "Did you mean s3?",
        "currents_landing",
    ),
    Wrong(
        "words in place of a number",
        {**LANDING, "currents_landing_stale_after": "a day"},
        "currents_landing_stale_after",
        "expected a whole number",
        "currents_landing",
    ),
    Wrong(
        "a key in place of a choice",
        {**LANDING, "currents_landing_on_quiet": BRAZE_KEY},
        "currents_landing_on_quiet",
        "expected ignore, warn or fail",
        "currents_landing",
    ),
    Wrong(
        "an address as bucket",
        {**LANDING, "currents_landing_bucket": "gs://acme-currents/currents"},
        "currents_landing_bucket",
        "Write currents_landing_storage: gcs and currents_landing_bucket: acme-currents",
        "currents_landing",
    ),
    Wrong("no External ID", {"s3_access_bucket": "acme"}, "s3_access_external_id", "External ID", "s3_access"),
    Wrong(
        "no bucket", {"s3_access_external_id": "jovial_daylight"}, "s3_access_bucket", "Name the bucket", "s3_access"
    ),
    Wrong(
        "neither yes nor no",
        {"s3_access_external_id": "x1", "s3_access_bucket": "acme", "s3_access_adopt": "maybe"},
        "s3_access_adopt",
        "expected true or false",
        "s3_access",
    ),
    Wrong("no key", {"braze_api_key_api_url": "US-01"}, "braze_api_key_key", "REST API key", "braze_api_key"),
    Wrong(
        "the instance without its hyphen",
        {"braze_api_key_key": BRAZE_KEY, "braze_api_key_api_url": "us1"},
        "braze_api_key_api_url",
        "Did you mean US-01?",
        "braze_api_key",
    ),
    Wrong("no member", {"gcs_access_bucket": "acme"}, "gcs_access_member", "E-mail address", "gcs_access"),
    Wrong(
        "a schema with a hyphen",
        {"fivetran_connection_group_id": "x", "fivetran_connection_schema": "Braze-Shop"},
        "fivetran_connection_schema",
        "Did you mean braze_shop?",
        "fivetran_connection",
    ),
)


def wrong_inventory(mistakes: Sequence[Wrong]) -> str:
    """Return an inventory in which each workspace has one mistake, as text."""
    lines = ["braze_workspaces:", "  hosts:"]
    for name, wrong in hosts(mistakes):
        lines.append(f"    {name}:")
        # Nothing is shared, or one of them is refused because of another.
        mine = {**GOOD, "fivetran_schema": f"braze_{name}", "s3_access_role_name": name, "s3_access_policy_name": name}
        variables: Mapping[str, str | None] = wrong.changes if wrong.role else {**mine, **wrong.changes}
        if wrong.role:
            lines.append(f"      role: {wrong.role}")
        lines += [f"      {variable}: {text}" for variable, text in variables.items() if text is not None]
    return "\n".join(lines) + "\n"


def hosts(mistakes: Sequence[Wrong]) -> Iterator[tuple[str, Wrong]]:
    """Yield the host of each mistake."""
    return ((f"mistake_{number:02}", wrong) for number, wrong in enumerate(mistakes))


PLAY_ALONE = [
    {
        "name": "Use a role alone",
        "hosts": "braze_workspaces",
        "gather_facts": False,
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {"name": "Use it", "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.{{ role }}"}},
        ],
    }
]


@dataclass(frozen=True)
class Broken:
    """What somebody has done to the files of ``init``: from the text of a file to another one.

    ``says``: what has to be among what is printed. ``ours``: whether this collection says it, and not Ansible.
    """

    what: str
    break_it: Callable[[str], str]
    says: Sequence[str]
    file: str = "inventory.yml"
    options: Sequence[str] = ()
    ours: bool = False
    is_encrypted: bool = field(default=False)


VAULT = "group_vars/braze_workspaces/vault.yml"


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def replace(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return replace


def _dedented(text: str) -> str:
    """Return the inventory with the workspace beside its group."""
    head, _name, settings = text.partition("    my_workspace:")
    return f"{head}my_workspace:{settings}"


INVENTORIES: Sequence[Broken] = (
    Broken(
        "a group that is misspelt",
        _replaced("braze_workspaces:", "braze_workspace:"),
        ["braze_workspaces", "one that is called braze_workspace. Rename that."],
        ours=True,
    ),
    Broken(
        "a group of another name",
        _replaced("braze_workspaces:", "production:"),
        ["no group braze_workspaces", 'below "hosts:"'],
        ours=True,
    ),
    Broken("a workspace beside its group", _dedented, ["braze_workspaces", 'below "hosts:"'], ours=True),
    Broken("a word that is misspelt", _replaced("  hosts:", "  host:"), ["braze_workspaces", '"hosts:"'], ours=True),
    Broken("other words for the settings of all", _replaced("  vars:", "  var:"), ["fivetran_group: is not set"]),
    Broken("a line that is indented too far", _replaced("  hosts:", "   hosts:"), ["inventory.yml"]),
    Broken("a tab", lambda text: f"{text}\tx: 1\n", ["inventory.yml"]),
    Broken("nothing", lambda _text: "", ["inventory.yml"]),
    Broken("hosts as a list", lambda _text: "braze_workspaces:\n  hosts:\n    - shop\n", ["hosts", "dictionary"]),
    Broken("a setting twice", lambda text: f"{text}      currents_storage: gcs\n", ["currents_storage"]),
    Broken("a colon without quotes", _replaced("url: CHANGE_ME", "url: US-01: EU-01"), ["inventory.yml"]),
    Broken("a template without quotes", _replaced('"{{ vault', "{{ vault"), ["inventory.yml"]),
    Broken("the form of older inventories", lambda _text: "[braze_workspaces]\nshop\n", ["inventory.yml"]),
    Broken("no YAML", lambda _text: "my workspaces\n", ["inventory.yml"]),
    Broken(
        "a key with a colon without quotes",
        _replaced("fivetran_api_key: CHANGE_ME", f"fivetran_api_key: {FIVETRAN_KEY}: {FIVETRAN_SECRET}"),
        ["vault.yml", "from line 13 on", "needs quotes"],
        file=VAULT,
        ours=True,
    ),
    Broken(
        "no password of the vault",
        lambda text: text,
        ["vault.yml", "--ask-vault-pass", "vault_password_file"],
        file=VAULT,
        ours=True,
        is_encrypted=True,
    ),
    Broken(
        "another password of the vault",
        lambda text: text,
        ["vault.yml", "this password does not open"],
        file=VAULT,
        options=["--vault-password-file", "other_password"],
        ours=True,
        is_encrypted=True,
    ),
)


class Newcomer:
    """Somebody with a fresh home, and a folder with what ``init`` has written."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "braze"
        self.folder.mkdir()
        for source, target in (("ansible.cfg",) * 2, ("inventory.yml",) * 2, ("vault.yml", VAULT)):
            path = self.folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((INIT / source).read_text())
        (self.folder / "other_password").write_text("another-one")
        self.environment = {
            **{name: os.environ[name] for name in ("PYTHONPATH", "LANG") if name in os.environ},
            "HOME": str(home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            # Messages as they are, not in the columns of a terminal.
            "COLUMNS": "4000",
        }

    def run(self, *command: str) -> tuple[int, str]:
        """Return the exit code and everything that is printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            timeout=TIMEOUT,
            check=False,
        )
        return done.returncode, done.stdout

    def play(self, *arguments: str) -> tuple[int, str]:
        """Run ansible-playbook, without its start where that is the same."""
        if not can_be_warm(self.environment):
            return self.run("ansible-playbook", *arguments)
        play = WarmPlay([str(BIN / "ansible-playbook"), *arguments], self.folder, self.environment)
        printed = printed_by(play, TIMEOUT)
        return int(play.returncode or 0), printed

    def onboard(self, *options: str) -> tuple[int, str]:
        return self.play(PLAYBOOK, "--check", "--diff", *options)

    def settings(self, mistakes: Sequence[Wrong] = SETTINGS) -> tuple[int, str]:
        """Make all mistakes in settings, a workspace each."""
        (self.folder / "inventory.yml").write_text(wrong_inventory(mistakes))
        (self.folder / VAULT).unlink()
        return self.onboard()

    def alone(self, mistakes: Sequence[Wrong] = ALONE) -> tuple[int, str]:
        """Make all mistakes with roles that are used alone, a host each."""
        (self.folder / "inventory.yml").write_text(wrong_inventory(mistakes))
        (self.folder / VAULT).unlink()
        (self.folder / "play.yml").write_text(yaml.safe_dump(PLAY_ALONE, sort_keys=False))
        return self.play("play.yml")

    def broken(self, broken: Broken) -> tuple[int, str]:
        """Break a file of ``init``."""
        path = self.folder / broken.file
        path.write_text(broken.break_it(path.read_text()))
        if broken.is_encrypted:
            (self.folder / "password").write_text(PASSWORD)
            code, told = self.run("ansible-vault", "encrypt", "--vault-password-file", "password", broken.file)
            assert code == 0, told
        return self.onboard(*broken.options)


def told_to(host: str, printed: str) -> list[str]:
    """Return the lines that a failed task has printed for a host, out of Ansible's frame."""
    _before, found, after = printed.partition(f"fatal: [{host}]: FAILED! =>")
    frame = yaml.safe_load(textwrap.dedent(_block(after))) if found else {}
    return [line.removeprefix(f"{host}: ") for line in str(frame.get("msg", "")).splitlines()]


def _block(text: str) -> str:
    """Return the indented lines that a text begins with."""
    lines = text.lstrip(" ").removeprefix("\n").splitlines()
    last = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    return "\n".join(lines[:last])


def said_by_us(printed: str) -> list[str]:
    """Return what the playbook itself says of an inventory or its files, out of Ansible's frame."""
    mark = "workspaces_group' failed: "
    lines = [line.partition(mark)[2] for line in printed.splitlines() if mark in line]
    # Before ansible-core 2.19, without a frame.
    return lines or [line.removeprefix("ERROR! ") for line in printed.splitlines() if line.startswith("ERROR! ")]


def height(lines: Sequence[str]) -> int:
    """Return how many lines of a terminal a message takes."""
    return sum(len(textwrap.wrap(line, COLUMNS)) or 1 for line in lines)


def fresh(home: Path) -> Newcomer:
    """Return somebody with an empty home below ``home``."""
    return Newcomer(Path(tempfile.mkdtemp(dir=home)))


def main() -> None:
    """Make every mistake, and print what the person sees."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for title, mistakes, printed in (
            ("Settings", SETTINGS, fresh(home).settings()[1]),
            ("A role alone", ALONE, fresh(home).alone()[1]),
        ):
            print(f"\n{title}\n{'=' * len(title)}")
            for host, wrong in hosts(mistakes):
                written = ", ".join(f"{name}: {text}" for name, text in wrong.changes.items())
                _print(f"{wrong.what} ({written})", told_to(host, printed))
        print("\nInventories\n===========")
        for broken in INVENTORIES:
            code, printed = fresh(home).broken(broken)
            _print(f"{broken.what} (exit code {code})", said_by_us(printed) if broken.ours else printed.splitlines())


def _print(what: str, lines: Sequence[str]) -> None:
    print(f"\n{what}, {height(lines)} lines")
    for line in lines:
        print(textwrap.indent("\n".join(textwrap.wrap(line, COLUMNS)), "    "))


if __name__ == "__main__":
    main()
