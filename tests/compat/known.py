# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known to differ, and why. Another difference fails `make compat` until it is mended or stands here."""

from __future__ import annotations

from tests.compat.table import Known, KnownOf

KNOWN: KnownOf = {
    "openapi-core": (
        Known(
            r": None (for not nullable|is not of type)",
            "The document calls nothing nullable; clients in production expect null for what is not set.",
        ),
        Known(
            r"config\.\w+: .+ is not of type 'object'",
            "The document says that every value of a config is an object, and shows others in its examples.",
        ),
        Known(
            r"sync_frequency: \d+ is not one of \['1', '5'",
            "The document lists the choices of an integer as strings.",
        ),
        Known(
            r"setup_status: 'connected' is not one of \['INCOMPLETE'",
            "The document's enumeration is in upper case, and its examples are in lower case, as is what was recorded.",
        ),
        Known(
            r"/schemas: answer 404: ResponseNotFound",
            "The document lists no refusal for this call; that there is one before the first reload is on record.",
        ),
        Known(
            r"service_status_updated_at: '[-0-9]{10}' is not a 'date-time'",
            "The document describes a date without a time, and calls its format date-time.",
        ),
    ),
    "fivetran_mcp": (
        Known(
            r"^(test_connection|reload_schema): .*body is not JSON",
            "It sends no body; Fivetran's documentation asks for one, and nothing on record says what comes without.",
        ),
    ),
}
