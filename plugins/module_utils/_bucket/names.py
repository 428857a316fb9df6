# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What names of buckets look like in each cloud: a name becomes part of URLs, and must not lead to another bucket.

And how a folder of one is written.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._kernel.errors import InvalidArgument
from .._kernel.secrets.keys import BLANKS
from .._kernel.secrets.shown import quoted

# Whole hosts, folders and queries of an address, where the name of a bucket is expected.
_ADDRESS = re.compile(r"[/?#]|\.\.")


@dataclass(frozen=True)
class BucketRule:
    """How the names of one storage look. ``expected`` is what a message says of them."""

    what: str
    scheme: str
    pattern: re.Pattern[str]
    expected: str


BUCKETS: Mapping[str, BucketRule] = {
    "s3": BucketRule(
        what="bucket",
        scheme="s3://",
        pattern=re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        expected="3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends",
    ),
    "gcs": BucketRule(
        what="bucket",
        scheme="gs://",
        pattern=re.compile(r"(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"),
        expected="3 to 222 lower-case letters, digits, dots, hyphens and underscores, with a letter or digit at both"
        " ends, not beginning with goog",
    ),
    "azure": BucketRule(
        what="container",
        scheme="https://",
        pattern=re.compile(r"\$root|\$web|\$logs|(?=.{3,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*"),
        expected="3 to 63 lower-case letters, digits and single hyphens, with a letter or digit at both ends",
    ),
}


def bare_folder(text: str | None) -> str:
    """Return a folder of a bucket without the slashes and blanks that people write around it; empty for the root."""
    return (text or "").strip(BLANKS + "/")


def expected_name(storage: str, name: str) -> str:
    """Return what a message says that was expected instead of ``name``; empty if the cloud can know it."""
    rule = BUCKETS[storage]
    if _ADDRESS.search(name):
        return f"expected the name of a {rule.what}, without {rule.scheme} and without a folder"
    return "" if rule.pattern.fullmatch(name) else f"expected the name of a {rule.what}, which has {rule.expected}"


def check_bucket(option: str, storage: str, name: str) -> str:
    """Return the name of a bucket that the cloud can know.

    :raises InvalidArgument: naming the option, and saying what names look like there.
    """
    expected = expected_name(storage, name)
    if expected:
        raise InvalidArgument(f"{option}: {expected}, got {quoted(name)}.")
    return name
