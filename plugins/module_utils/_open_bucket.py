# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket of whichever cloud it is in: the one place that knows both, for what knows neither."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._bucket.objects import BucketObjects
from ._kernel.clients import Clients
from ._kernel.options.limits import retry_policy


def open_bucket(params: Mapping[str, Any], clients: Clients) -> BucketObjects:
    """Return what is in ``params["bucket"]`` of the cloud that ``params["storage"]`` names, ``s3`` or ``gcs``."""
    # One cloud's SDK takes a quarter of a second to import; the other one is not needed.
    if params["storage"] == "s3":
        from ._aws.objects import s3_objects

        return s3_objects(params, params["bucket"], clients)
    from ._google.objects import gcs_objects

    return gcs_objects(params, params["bucket"], retry_policy(params), clients)
