# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets of a run of several workspaces, and how a vendor may quote each: the rows of the secret matrix."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from tests.sandbox import world
from tests.sandbox.aws import SECRET_ACCESS_KEY

OWN, OTHER = "shop_us", "shop_eu"
# As the vendors make them; none is in use anywhere.
OTHERS_BRAZE_KEY = "8f1c2d3e-4b5a-4968-8776-655443322110"
OLD_BRAZE_KEY = "19e7c0a4-52d8-4f3b-9b61-0c7d2e4f8a93"
OTHERS_FIVETRAN_KEY, OTHERS_FIVETRAN_SECRET = "k3YtAq9ZwP0xLm2N", "s8QeR5tYuI1oPaSdFgHjKl7ZxCvBnM4q"
AWS_SECRET = "wJ2Uq+XtnFEMI/K7MDENG/bPx0RfiCYzEXAM0LEk"
AWS_TOKEN = "FwoGZXIvYXdzEJr9q0L2c7Y4mT1vB8n+XkQ5/dPzW6hUeRjG3aS7fK0yHtNwLq"
ACCOUNT_KEY = base64.b64encode(bytes(range(7, 71))).decode()
CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=acmecurrents;AccountKey={ACCOUNT_KEY};EndpointSuffix=core.windows.net"
)
SIGNATURE = "pT3x/9sK+0vQ2mZ7uYd1rWc5aLhN8bGf4eJi6oXkSRM="
SAS = (
    "BlobEndpoint=https://acme.blob.core.windows.net/;"
    f"SharedAccessSignature=sv=2024-11-04&sp=rl&sig={quote(SIGNATURE, safe='')}"
)
LINE = base64.b64encode(bytes(range(100, 148))).decode()
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{LINE}\n-----END PRIVATE KEY-----\n"

# By what each is.
SECRETS: Mapping[str, str] = {
    "own Braze key": world.BRAZE_KEY_SHOP_US,
    "Braze key of another workspace": OTHERS_BRAZE_KEY,
    "old Braze key of another workspace": OLD_BRAZE_KEY,
    "own Fivetran key": world.FIVETRAN_KEY,
    "own Fivetran secret": world.FIVETRAN_SECRET,
    "Fivetran key of another workspace": OTHERS_FIVETRAN_KEY,
    "Fivetran secret of another workspace": OTHERS_FIVETRAN_SECRET,
    "AWS secret of the environment": SECRET_ACCESS_KEY,
    "AWS secret of another workspace": AWS_SECRET,
    "AWS session token of another workspace": AWS_TOKEN,
    "account key of another workspace": ACCOUNT_KEY,
    "signature of another workspace": SIGNATURE,
    "private key of a file that another workspace names": LINE,
}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# By name: how a vendor says it, and what of that must not be seen.
SPELLINGS: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "whole": lambda secret: (secret, secret),
    "with a line break": lambda secret: (f"{secret}\n", secret),
    "in capitals": lambda secret: (secret.upper(),) * 2,
    "without hyphens": lambda secret: _if_uuid(secret, secret.replace("-", "")),
    "without hyphens, in capitals": lambda secret: _if_uuid(secret, secret.replace("-", "").upper()),
    "in a URL": lambda secret: (quote(secret, safe=""),) * 2,
    "in a URL, lower case": lambda secret: (_lower(quote(secret, safe="")),) * 2,
    "in JSON": lambda secret: (json.dumps({"key": secret}).replace("/", "\\/"), secret.replace("/", "\\/")),
    "in HTML": lambda secret: (html.escape(secret + "&"), secret),
    "base64": lambda secret: (_base64(secret), _base64(secret)),
    "base64 of key and secret": lambda secret: (_base64(f"k:{secret}"), _base64(f"k:{secret}")[3:-4]),
    "its end": lambda secret: (secret[-14:],) * 2,
    "its end, in capitals": lambda secret: (secret[-14:].upper(),) * 2,
    "its beginning and dots": lambda secret: (f"{secret[:8]}...", f"{secret[:8]}.") if _tells(secret) else ("", ""),
    "its beginning and asterisks": lambda secret: (f"{secret[:8]}******", f"{secret[:8]}*"),
    "asterisks and its end": lambda secret: (f"******{secret[-4:]}", f"*{secret[-4:]}"),
    "asterisks and its end, in capitals": lambda secret: (f"******{secret[-4:].upper()}", f"*{secret[-4:].upper()}"),
}


def _if_uuid(secret: str, said: str) -> tuple[str, str]:
    return (said, said) if re.fullmatch(r"[0-9a-f-]{36}", secret) else ("", "")


def _tells(secret: str) -> bool:
    """Tell whether the beginning is no word, which may stand before dots in any sentence."""
    return any(map(str.isdigit, secret[:8]))


def _lower(text: str) -> str:
    return text.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")


@dataclass(frozen=True)
class Quotation:
    """Some spellings of one secret in one text of a vendor. ``needles``: by spelling, what must not be seen."""

    secret: str
    text: str
    needles: Mapping[str, str]

    def found_in(self, shown: str) -> list[str]:
        """Return which spellings can be seen."""
        return [spelling for spelling, needle in self.needles.items() if needle in shown]


LONGEST = 700


def quotations(*names: str) -> Iterator[Quotation]:
    """Yield texts that quote these secrets, all by default, in all spellings, each short enough to be shown whole."""
    for name in names or SECRETS:
        text, needles = "", dict[str, str]()
        for spelling, spell in SPELLINGS.items():
            said, needle = spell(SECRETS[name])
            if not said:
                continue
            if len(text) + len(said) > LONGEST:
                yield Quotation(name, f"Refused:{text} END", needles)
                text, needles = "", {}
            text, needles = f"{text} <{said}>", {**needles, spelling: needle}
        yield Quotation(name, f"Refused:{text} END", needles)


def inventory(directory: Path) -> dict[str, Any]:
    """Return an inventory of workspaces that hold the secrets of others; a private key is laid into ``directory``."""
    key_file = directory / "google.json"
    key_file.write_text(json.dumps({"type": "service_account", "private_key": PRIVATE_KEY}))
    others = {
        "braze_api_key": "{{ vault_braze_api_key }}",
        "vault_braze_api_key": f"{OTHERS_BRAZE_KEY}\n",
        "vault_braze_api_key_old": OLD_BRAZE_KEY,
        "fivetran_api_key": OTHERS_FIVETRAN_KEY,
        "fivetran_api_secret": OTHERS_FIVETRAN_SECRET,
        "s3_access_aws_secret_key": AWS_SECRET,
        "s3_access_aws_session_token": AWS_TOKEN,
        "currents_connection_string": CONNECTION_STRING,
        "gcs_access_credentials_file": str(key_file),
    }
    hosts = {
        OWN: {"braze_api_key": world.BRAZE_KEY_SHOP_US},
        OTHER: others,
        "shop_jp": {"currents_connection_string": SAS},
    }
    return {"braze_workspaces": {"hosts": hosts}}


def variables_of_own(path: Path) -> dict[str, Any]:
    """Return the variables that a task of the own workspace has, with the inventory of ``path``."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(path)])
    variable_manager = VariableManager(loader=loader, inventory=manager)
    variables: dict[str, Any] = variable_manager.get_vars(host=manager.get_host(OWN))
    return {**variables, "hostvars": HostVars(manager, variable_manager, loader)}
