# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for the TLS listeners: a good one, and the ways in which one can be bad."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme

KINDS = ("good", "expired", "untrusted", "wrong_host")


@dataclass(frozen=True)
class Certificate:
    """A context to serve with, and as PEM the authority that a client is told to trust."""

    server: ssl.SSLContext
    authority: str


def make_certificate(kind: str) -> Certificate:
    """Make a certificate for 127.0.0.1.

    ``kind``: ``good``, ``expired`` (yesterday), ``untrusted`` (by another authority than the one that is named),
    ``wrong_host``.

    :raises ValueError: for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of certificate: {kind}; there are {', '.join(KINDS)}")
    authority = trustme.CA()
    issuer = trustme.CA() if kind == "untrusted" else authority
    issued = issuer.issue_cert(
        "elsewhere.example" if kind == "wrong_host" else "127.0.0.1",
        not_before=datetime.now(UTC) - timedelta(days=30),
        not_after=datetime.now(UTC) + timedelta(days=-1 if kind == "expired" else 1),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes().decode())
