# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran may do in AWS, as far as policies tell: yes, no, or nobody can tell from here, and why.

The home of the names that others use; see the modules that they come from.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from .advice import is_wider, missing
from .bucket import BucketAccess, may_read
from .decision import RolePermissions, may_do
from .statement import Document
from .trust import Caller, may_assume, trust_width

__all__ = [
    "BucketAccess",
    "Caller",
    "Document",
    "RolePermissions",
    "is_wider",
    "may_assume",
    "may_do",
    "may_read",
    "missing",
    "trust_width",
]
