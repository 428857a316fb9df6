# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's servers over TLS, with good and bad certificates, as a client judges them."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.sandbox.certificates import KINDS
from tests.sandbox.client import Sandbox


def ask(sandbox: Sandbox, certificate: str, folder: Path) -> requests.Response:
    listening = sandbox.tls("fivetran", certificate)
    authority = folder / "authority.pem"
    authority.write_text(listening["authority"])
    key = (sandbox.env["FIVETRAN_APIKEY"], sandbox.env["FIVETRAN_APISECRET"])
    return requests.get(f"{listening['url']}/v1/account/info", auth=key, verify=str(authority), timeout=10)


def test_a_good_certificate_is_accepted_and_the_server_behind_it_is_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    assert ask(sandbox, "good", tmp_path).json()["code"] == "Success"
    assert [entry.operation for entry in sandbox.journal("fivetran")] == ["fivetran:account_info"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("expired", "has expired"), ("untrusted", "unable to get local issuer"), ("wrong_host", "address mismatch")],
)
def test_a_bad_certificate_is_refused_for_what_is_bad_in_it(
    sandbox: Sandbox, tmp_path: Path, kind: str, reason: str
) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=reason):
        ask(sandbox, kind, tmp_path)
    assert sandbox.journal("fivetran") == []


def test_an_unknown_kind_is_refused_with_those_that_there_are(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match=KINDS[0]):
        sandbox.tls("fivetran", "golden")
