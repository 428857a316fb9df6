# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version that the collection sends to the vendors in User-Agent."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

# A test holds it equal to galaxy.yml, which a module cannot read at run time.
VERSION = "1.0.0"
