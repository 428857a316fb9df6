# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's refusals: its code and message, and what a person can do about them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from typing import Any

from .._kernel.http.call import Explanation

NO_SUCH_PATH = (
    "That is not an answer about an object: the API is not at this address. Check fivetran_api_url (environment:"
    " FIVETRAN_API_URL), which is https://api.fivetran.com."
)
NEXT_STEPS = {
    401: "Fivetran does not know this pair of key and secret. Check fivetran_api_key and fivetran_api_secret"
    " (environment: FIVETRAN_APIKEY and FIVETRAN_APISECRET).",
    403: "The key is valid, but its user or system key lacks the right to do this. Fivetran asks for the role Account"
    " Administrator, or for the right to manage connections in this group.",
    429: "The rate limit counts for the whole Fivetran account.",
}


def explain(status: int, body: Any) -> Explanation:
    """Return Fivetran's code and message from the envelope of a refusal, with what a person can do about it."""
    envelope = body if isinstance(body, dict) else {}
    code = str(envelope.get("code") or f"http_{status}")
    next_step = NO_SUCH_PATH if status == 404 and not is_missing(code) else NEXT_STEPS.get(status, "")
    return Explanation(code=code, message=str(envelope.get("message") or ""), next_step=next_step)


def is_missing(code: str) -> bool:
    """Tell whether a 404 is about an object; to a path that does not exist Fivetran answers with plain ``NotFound``."""
    return code.startswith("NotFound_")
