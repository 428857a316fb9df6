# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clouds' clients speak plain HTTP to this machine only, whatever the environment says."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import aws_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.client import gcs_client
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_aws_credentials_never_travel_in_plain_http(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://aws.example:4566")
    with pytest.raises(InvalidArgument, match=r"AWS_ENDPOINT_URL.*plain HTTP"):
        aws_from_params({"profile": None, "region": "us-east-1"}).client("s3")


def test_google_credentials_never_travel_in_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://storage.example:4443")
    with pytest.raises(InvalidArgument, match=r"STORAGE_EMULATOR_HOST.*plain HTTP"):
        gcs_client({})


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "https://aws.example"])
def test_this_machine_and_https_are_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    assert aws_from_params({"profile": None, "region": "us-east-1"}).client("s3").meta.endpoint_url == url
    assert gcs_client({}) is not None
