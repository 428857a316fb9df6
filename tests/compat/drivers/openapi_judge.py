# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An independent judge: openapi-core holds recorded requests and answers against Fivetran's own document."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.compat.drivers.steps import Steps

HOST = "https://api.fivetran.com"
# Ids of the sandbox, so that the same difference is told once.
_ID = re.compile(r"/(connections|groups|destinations)/[^/]+")


def main() -> None:
    document, recorded = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    steps = Steps("openapi-core")
    api = OpenAPI.from_dict(document)
    found = dict.fromkeys(difference for entry in recorded for difference in _differences(api, entry))
    steps.told["ran"].append(f"{len(recorded)} requests with their answers")
    steps.told["differences"] = list(found)
    steps.tell()


def _differences(api: OpenAPI, entry: dict[str, Any]) -> Iterator[str]:
    path = _ID.sub(r"/\1/ID", entry["path"])
    where = f"{entry['method']} {path}"
    headers = {**entry["headers"], "Authorization": "Basic a2V5OnNlY3JldA=="}
    request = MockRequest(
        HOST,
        entry["method"].lower(),
        entry["path"],
        args=entry["query"],
        headers=headers,
        data=None if entry["body"] is None else json.dumps(entry["body"]).encode(),
        content_type=entry["headers"].get("Content-Type", "application/json"),
    )
    for error in api.iter_request_errors(request):
        yield from (f"{where}: request: {text}" for text in _texts(error))
    answer = MockResponse(json.dumps(entry["answer"]).encode(), status_code=entry["status"])
    for error in api.iter_response_errors(request, answer):
        yield from (f"{where}: answer {entry['status']}: {text}" for text in _texts(error))


def _texts(error: BaseException) -> Iterator[str]:
    """Yield what is wrong, without what differs from row to row."""
    seen: BaseException | None = error
    while seen is not None:
        details = getattr(seen, "schema_errors", None)
        if details:
            for detail in details:
                path = ".".join("N" if isinstance(part, int) else str(part) for part in detail.absolute_path)
                yield f"{path or 'body'}: {detail.message[:200]}"
            return
        seen = seen.__cause__
    yield f"{type(error).__name__}: {str(error)[:200]}"


main()
