# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measurements; nothing here is a test, and no test depends on a time."""

from __future__ import annotations

from tests.collection import make_collection_importable

make_collection_importable()
