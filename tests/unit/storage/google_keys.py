# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with credentials as Google gives them out, whose tokens come from a server on loopback."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ACCOUNT = "onboarding@acme-analytics.iam.gserviceaccount.com"
REFRESH_TOKEN = "1//0e-a-refresh-token-that-nobody-may-see"
CLIENT_SECRET = "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may-see"
SUBJECT_TOKEN = "a-token-of-the-identity-provider-that-nobody-may-see"


@cache
def private_key() -> str:
    """Return a key as it stands in the file of a service account."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(url: str, **changes: Any) -> dict[str, Any]:
    """Return the key file of a service account."""
    return {
        "type": "service_account",
        "project_id": "acme-analytics",
        "private_key_id": "4711",
        "private_key": private_key(),
        "client_email": ACCOUNT,
        "client_id": "4711",
        "token_uri": f"{url}/token",
        **changes,
    }


def authorized_user(url: str, **changes: Any) -> dict[str, Any]:
    """Return what gcloud auth application-default login writes."""
    return {
        "type": "authorized_user",
        "client_id": "4711.apps.googleusercontent.com",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_uri": f"{url}/token",
        **changes,
    }


def write(path: Path, content: Any) -> str:
    """Write a file with JSON, or with text as it is, and return its path."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)
