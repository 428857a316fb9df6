# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and proxies of the environment: used, or refused by the name of the variable before anything is sent."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import trustme
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.environment import (
    CERTIFICATE_VARIABLES,
    PROXY_VARIABLES,
    surroundings,
)

URL = "https://api.example.com"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for pair in PROXY_VARIABLES.values() for name in pair]
    for name in (*names, *CERTIFICATE_VARIABLES, "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def refusal(url: str = URL) -> str:
    with pytest.raises(InvalidArgument) as caught:
        surroundings(url)
    return caught.value.msg


@pytest.mark.parametrize("name", CERTIFICATE_VARIABLES)
@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\x00\xff"])
def test_a_file_without_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: bytes
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(content)
    monkeypatch.setenv(name, str(bundle))
    for _time in range(2):
        message = refusal()
        assert message.startswith(f"{name}: ")
        assert "holds no certificates that can be read" in message
        assert str(bundle) in message


def test_certificates_that_are_put_right_are_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    refusal()
    trustme.CA().cert_pem.write_to_path(bundle)
    assert surroundings(URL).verify == str(bundle)
    bundle.write_bytes(b"no certificate")
    refusal()


def test_a_folder_of_certificates_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert surroundings(URL).verify == str(tmp_path)


@pytest.mark.parametrize("name", [name for names in PROXY_VARIABLES.values() for name in names])
@pytest.mark.parametrize(
    "value",
    [
        "http://user:pa55#word@proxy:3128",
        "http://user:12/pa55word@proxy:3128",
        "http://user:12?pa55word@proxy:3128",
        "user:pa55:word",
        "http://[proxy",
        "http://proxy:port",
        "http://pro xy",
        "http://",
        "ftp://proxy",
        "proxy..example.com",
        "http://proxy\n:3128",
        "http://\udcff",
    ],
)
def test_a_proxy_that_is_no_url_is_refused_by_the_name_of_the_variable_only(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    message = refusal()
    assert message.startswith(f"{name}: expected the URL of a proxy")
    assert "pa55" not in message
    assert "user:" not in message


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_socks_proxy_that_needs_a_package_says_which(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    if importlib.util.find_spec("socks"):
        pytest.skip("PySocks is installed")
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:pa55word@proxy:1080")
    message = refusal()
    assert message.startswith("ALL_PROXY: ")
    assert "pip install requests[socks]" in message
    assert "pa55word" not in message


@pytest.mark.parametrize(
    ("variables", "variable", "host"),
    [
        ({"HTTPS_PROXY": "http://proxy.example.com:3128"}, "HTTPS_PROXY", "proxy.example.com:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "HTTPS_PROXY", "proxy:3128"),
        ({"HTTPS_PROXY": "http://other", "https_proxy": "http://proxy"}, "https_proxy", "proxy"),
        ({"ALL_PROXY": "https://user:pa%23ss@proxy:1"}, "ALL_PROXY", "proxy:1"),
        ({"ALL_PROXY": "http://other", "HTTPS_PROXY": "http://proxy"}, "HTTPS_PROXY", "proxy"),
    ],
)
def test_the_proxy_that_counts_is_taken(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], variable: str, host: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxy = surroundings(URL).proxy
    assert proxy is not None
    assert (proxy.variable, proxy.host) == (variable, host)
    assert str(proxy) == f"the proxy {host} ({variable})"
    assert "pa%23ss" not in repr(proxy)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HTTP_PROXY": "http://proxy"},
        {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "example.com"},
        {"HTTPS_PROXY": "http://proxy", "https_proxy": ""},
        {"HTTPS_PROXY": "http://[", "no_proxy": "*"},
    ],
)
def test_where_none_is_meant_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert surroundings(URL).proxy is None
