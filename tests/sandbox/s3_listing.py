# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3, reading only, over the object index of the Google Cloud Storage server.

ministack is the sandbox's AWS; it sorts all names of a bucket for every listing, which does not do for a bucket of a
million objects. This server lists such a bucket in the time of one page. boto3 reaches it by ``endpoint_url``. It asks
for no credentials: who may read what is ministack's business.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from .core import Hub, Server, operation
from .gcs import Gcs, byte_range
from .gcs_buckets import timestamp
from .gcs_objects import ObjectIndex, Query, Row, StoredObject

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_PAGE = 1000


class S3Listing(Server):
    """The server. Operations are named as AWS names them (``s3_listing:ListObjectsV2``)."""

    name = "s3_listing"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.buckets: dict[str, ObjectIndex] = {}

    def reset(self) -> None:
        self.buckets = {}

    def state(self) -> Any:
        return {"buckets": {name: objects.state() for name, objects in self.buckets.items()}}

    def unknown(self, request: web.Request) -> web.StreamResponse:
        return _error(501, "NotImplemented", f"The sandbox has no {request.method} {request.path_qs}")

    def control_share_bucket(self, bucket: str, source: str) -> str:
        """Serve the objects of the Google Cloud Storage server's bucket ``source`` as S3 bucket ``bucket``.

        Returns the endpoint to send S3's requests to.
        """
        gcs = self.hub.servers[Gcs.name]
        if not isinstance(gcs, Gcs) or source not in gcs.buckets:
            raise ValueError(f"there is no bucket {source} to share")
        self.buckets[bucket] = gcs.buckets[source].objects
        return self.url

    @operation("HEAD", "/{bucket}", "HeadBucket")
    @operation("HEAD", "/{bucket}/", "HeadBucket")
    async def head_bucket(self, request: web.Request) -> web.StreamResponse:
        known = request.match_info["bucket"] in self.buckets
        return web.Response(status=200 if known else 404, headers={"x-amz-bucket-region": "us-east-1"})

    @operation("GET", "/{bucket}", "ListObjectsV2")
    @operation("GET", "/{bucket}/", "ListObjectsV2")
    async def list_objects(self, request: web.Request) -> web.StreamResponse:
        bucket = request.match_info["bucket"]
        objects = self.buckets.get(bucket)
        if objects is None:
            return _no_bucket(bucket)
        if "location" in request.query:
            return _xml(Element("LocationConstraint", xmlns=_NAMESPACE))
        if request.query.get("list-type") != "2":
            return self.unknown(request)
        try:
            limit = min(int(request.query.get("max-keys", _PAGE)), _PAGE)
            return _xml(_listing(bucket, objects, dict(request.query), limit))
        except ValueError as error:
            return _error(400, "InvalidArgument", str(error))

    @operation("HEAD", "/{bucket}/{key:.+}", "HeadObject")
    async def head_object(self, request: web.Request) -> web.StreamResponse:
        stored = self._object(request)
        if stored is None:
            return web.Response(status=404)
        return web.Response(headers={**_headers(stored), "Content-Length": str(len(stored.body))})

    @operation("GET", "/{bucket}/{key:.+}", "GetObject")
    async def get_object(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["bucket"] not in self.buckets:
            return _no_bucket(request.match_info["bucket"])
        stored = self._object(request)
        if stored is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.", Key=request.match_info["key"])
        found = byte_range(request.headers.get("Range", ""), len(stored.body))
        if found is None:
            return web.Response(body=stored.body, headers=_headers(stored))
        first, last = found
        if first >= len(stored.body):
            return _error(416, "InvalidRange", "The requested range is not satisfiable")
        headers = {**_headers(stored), "Content-Range": f"bytes {first}-{last}/{len(stored.body)}"}
        return web.Response(status=206, body=stored.body[first : last + 1], headers=headers)

    def _object(self, request: web.Request) -> StoredObject | None:
        objects = self.buckets.get(request.match_info["bucket"])
        return None if objects is None else objects.get(request.match_info["key"])


def _listing(bucket: str, objects: ObjectIndex, parameters: dict[str, str], limit: int) -> Element:
    """Return ``ListBucketResult``. A common prefix at or before ``start-after`` is left out, as S3 does."""
    query = Query(parameters.get("prefix", ""), parameters.get("delimiter", ""))
    token, start_after = parameters.get("continuation-token"), parameters.get("start-after", "")
    start = base64.urlsafe_b64decode(token).decode() if token else start_after
    rows, more = objects.page(query, limit, query.row(start) if start else None)
    encode = quote if parameters.get("encoding-type") == "url" else str
    root = Element("ListBucketResult", xmlns=_NAMESPACE)
    _text(root, "Name", bucket)
    _text(root, "Prefix", encode(query.prefix))
    _text(root, "MaxKeys", str(limit))
    _text(root, "KeyCount", str(len(rows)))
    _text(root, "IsTruncated", "true" if more else "false")
    for name in ("Delimiter", "StartAfter"):
        if value := parameters.get({"Delimiter": "delimiter", "StartAfter": "start-after"}[name]):
            _text(root, name, encode(value))
    if "encoding-type" in parameters:
        _text(root, "EncodingType", parameters["encoding-type"])
    if token:
        _text(root, "ContinuationToken", token)
    if more:
        _text(root, "NextContinuationToken", base64.urlsafe_b64encode(more.value.encode()).decode())
    for row in rows:
        _add_row(root, row, objects, encode)
    return root


def _add_row(root: Element, row: Row, objects: ObjectIndex, encode: Any) -> None:
    if row.is_prefix:
        _text(SubElement(root, "CommonPrefixes"), "Prefix", encode(row.value))
        return
    stored = objects.get(row.value)
    if stored is not None:
        entry = SubElement(root, "Contents")
        _text(entry, "Key", encode(stored.name))
        _text(entry, "LastModified", timestamp(stored.updated))
        _text(entry, "ETag", _etag(stored))
        _text(entry, "Size", str(len(stored.body)))
        _text(entry, "StorageClass", "STANDARD")


def _text(parent: Element, name: str, value: str) -> None:
    SubElement(parent, name).text = value


def _etag(stored: StoredObject) -> str:
    return f'"{hashlib.md5(stored.body, usedforsecurity=False).hexdigest()}"'


def _headers(stored: StoredObject) -> dict[str, str]:
    return {
        "Content-Type": "binary/octet-stream",
        "ETag": _etag(stored),
        "Last-Modified": format_datetime(stored.updated.astimezone(UTC), usegmt=True),
        "Accept-Ranges": "bytes",
    }


def _xml(root: Element, status: int = 200) -> web.Response:
    body = tostring(root, encoding="UTF-8", xml_declaration=True)
    return web.Response(status=status, body=body, headers={"Content-Type": "application/xml"})


def _error(status: int, code: str, message: str, **details: str) -> web.Response:
    root = Element("Error")
    for name, value in {"Code": code, "Message": message, **details}.items():
        _text(root, name, value)
    return _xml(root, status)


def _no_bucket(bucket: str) -> web.Response:
    return _error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=bucket)
