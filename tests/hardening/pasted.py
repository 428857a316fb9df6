# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets as people have them in their clipboard, in the shapes that the vendors give them. None of them is real."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
_KEY = (
    f"-----BEGIN PRIVATE KEY-----\n{_BODY}\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SupWFXZ9wR7dK\n-----END PRIVATE KEY-----\n"
)
_GOOGLE = {
    "type": "service_account",
    "project_id": "acme-data",
    "private_key_id": "b3c7e0a91d5f42886f0b1e2d3c4a5968778695a4",
    "private_key": _KEY,
    "client_email": "reader@acme-data.iam.gserviceaccount.com",
}
_ACCOUNT_KEY = "q7Zt1LmWx0aYv8RkP4cNs2DfHj6GbEuT9oQiXzKyVwM3nS5rBdCpA1eF7gUhJl0tYxWvRsQpOnMkLjIhGfEdCw=="

PASTED: Mapping[str, str] = {
    "a Google key file": json.dumps(_GOOGLE, indent=2),
    "a Google key in one line": json.dumps(_GOOGLE),
    "a private key": _KEY,
    "a Braze key": "5f1c9b7e-4a3d-4e2b-9c8f-0d6a7b5e3f21",
    "a Fivetran key": "kQ3x9ZpW7mTdvB2c",
    "a Fivetran secret": "Rt8vJ2nQ5wXz1LpK7cYb4MsD9fHg3AeU",
    "a header for Fivetran": "Basic a1EzeDlacFc3bVRkdkIyYzpSdDh2SjJuUTV3WHoxTHBLN2NZYjRNc0Q5ZkhnM0FlVQ==",
    "a header for Braze": "Bearer 5f1c9b7e-4a3d-4e2b-9c8f-0d6a7b5e3f21",
    "a secret key of AWS": "wJ4lrXUtnF3MI/K7MDENG/bPxRf1CYzXaMpLeK9q",
    "a session token of AWS": f"IQoJb3JpZ2luX2VjEHQaCXVzLWVhc3QtMSJHMEUCIQDk{_BODY}" * 3,
    "a connection string": f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={_ACCOUNT_KEY}",
    "a signed URL": "https://acme.blob.core.windows.net/c?sv=2024-11-04&ss=b&sig=Zt1LmWx0aYv8RkP4cNs2DfHj6GbEuT9oQiXzKyVwM3n%3D",
    "a URL with a password": "https://deploy:hT7-kx_Wq2.bN9@proxy.example.com:3128",
}
# No part of a secret that is as long as this may be shown.
SHORTEST_PART = 12
# Words of these texts that are no secret.
_HARMLESS = (
    "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=",
    "https://acme.blob.core.windows.net/c?sv=2024-11-04&ss=b&sig=",
    "https://deploy:",
    "proxy.example.com:3128",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    '"type": "service_account",',
    '"project_id": "acme-data",',
    '"private_key_id": "',
    '"private_key": "',
    '"client_email": "reader@acme-data.iam.gserviceaccount.com"',
)


def parts(text: str) -> Iterator[str]:
    """Yield what is secret of a pasted text, in pieces of which none may be shown."""
    for words in _HARMLESS:
        text = text.replace(words, "\n")
    for line in text.replace("\\n", "\n").splitlines():
        piece = line.strip(' {}",;@').removeprefix("Bearer ").removeprefix("Basic ")
        # A short secret counts as a whole.
        if len(piece) >= SHORTEST_PART:
            yield from (piece[start : start + SHORTEST_PART] for start in range(len(piece) - SHORTEST_PART + 1))


def shown_parts(kind: str, text: str) -> list[str]:
    """Return what ``text`` shows of a pasted secret."""
    return [part for part in parts(PASTED[kind]) if part in text]
