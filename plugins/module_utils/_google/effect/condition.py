# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge a condition of a grant in Google Cloud Storage for a whole folder: it holds, it does not, or nobody can tell.

What is understood of Google's Common Expression Language is what conditions on buckets are made of. Whatever else an
expression says is unknown, and so is all that depends on it. Pure functions: nothing is asked of Google.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from .expression import _TIMESTAMP, Asked, ExpressionReader, NotUnderstoodError
from .values import Open, moment, truth_of

BUCKET_TYPE = "storage.googleapis.com/Bucket"
OBJECT_TYPE = "storage.googleapis.com/Object"


def reading(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for reading whatever object of the folder; an empty folder is the whole bucket."""
    return Asked(Open(f"projects/_/buckets/{bucket}/objects/{_inside(folder)}"), OBJECT_TYPE, now)


def listing(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for listing the folder, which Google asks of the bucket."""
    return Asked(f"projects/_/buckets/{bucket}", BUCKET_TYPE, now, _inside(folder))


def listing_as_objects(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for listing as it would be if Google asked it of the objects in the folder.

    Google documents the other way, and many conditions were written as if it were this one.
    """
    of_objects = reading(bucket, folder, now)
    return Asked(of_objects.name, of_objects.type, now, _inside(folder))


def _inside(folder: str) -> str:
    inner = folder.strip("/")
    return f"{inner}/" if inner else ""


@lru_cache(maxsize=4096)
def holds(expression: str, asked: Asked) -> bool | None:
    """Tell whether a condition is met; None where that cannot be known."""
    try:
        return truth_of(ExpressionReader(expression, asked).value())
    except NotUnderstoodError:
        return None


def moments(expression: str) -> list[datetime]:
    """Return the points in time that an expression names, in their order: at these its truth may change."""
    found = (moment(match[2]) for match in _TIMESTAMP.finditer(expression))
    return sorted({moment for moment in found if isinstance(moment, datetime)})


# The language


# What signs and methods come to where not everything is known
