# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets in the files from which the clients of the clouds take an identity. What cannot be read holds none."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ..module_utils._kernel.secrets.names import is_secret_name
from ..module_utils._kernel.secrets.redact import texts_in

# What is longer is not a file of credentials.
_LONGEST = 256 * 1024
_SECRETS_OF_AWS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")


def secrets_of_files(environment: Mapping[str, str]) -> set[str]:
    """Return the secrets of the files of credentials that the environment names, and of AWS's own place."""
    found = _of_aws(_text(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"))
    return found | secrets_of_google(environment.get("GOOGLE_APPLICATION_CREDENTIALS") or "")


@lru_cache(maxsize=64)
def secrets_of_google(path: str) -> frozenset[str]:
    """Return the secrets of a file with credentials for Google Cloud."""
    return frozenset(_of_google(_text(path))) if path else frozenset()


def _text(path: str) -> str:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError, RuntimeError):
        return ""


def _of_google(text: str) -> set[str]:
    try:
        content = json.loads(text)
    except ValueError:
        return set()
    if not isinstance(content, dict):
        return set()
    return {secret for name, value in content.items() if is_secret_name(name) for secret in texts_in(value)}


def _of_aws(text: str) -> set[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return set()
    sections = [parser[name] for name in parser.sections()]
    return {section[name] for section in sections for name in _SECRETS_OF_AWS if section.get(name)}
