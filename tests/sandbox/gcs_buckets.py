# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket of the Google Cloud Storage server: metadata, IAM policy, objects, and what a test scripts for it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import google_crc32c

from . import gcs_iam
from .gcs_errors import invalid
from .gcs_objects import ObjectIndex, StoredObject

Json = Any

FOREIGN_WRITER = "serviceAccount:another-writer-{number}@acme-analytics.iam.gserviceaccount.com"


@dataclass
class Scripted:
    """What a test makes of a bucket. Not part of its state: scripting is no write.

    ``sharing_domains``: domain-restricted sharing allows only members of these; None allows everybody.
    ``sharing_status``: how a refusal for that is answered. ``foreign_writes``: before so many of the next changes of
    the policy, another writer is faster. ``stale_checks``: so many of the next permission checks of service accounts
    see the policy as it was before it changed last.
    """

    sharing_domains: tuple[str, ...] | None = None
    sharing_status: int = 412
    foreign_writes: int = 0
    stale_checks: int = 0
    old_bindings: list[Json] | None = None


@dataclass
class Bucket:
    """One bucket. ``uniform_access`` is uniform bucket-level access."""

    name: str
    project: str
    location: str = "EU"
    uniform_access: bool = True
    requester_pays: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    bindings: list[Json] = field(default_factory=list)
    metageneration: int = 1
    objects: ObjectIndex = field(default_factory=ObjectIndex)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    scripted: Scripted = field(default_factory=Scripted)

    def __post_init__(self) -> None:
        self.bindings = self.bindings or gcs_iam.default_bindings(self.project)

    @property
    def etag(self) -> str:
        """Return the etag of metadata and policy; both change it."""
        return gcs_iam.etag(self.metageneration)

    def resource(self, root: str) -> Json:
        """Return ``storage#bucket``."""
        access: Json = {"enabled": self.uniform_access}
        return {
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "selfLink": f"{root}/storage/v1/b/{self.name}",
            "projectNumber": "471108154711",
            "location": self.location,
            "locationType": "multi-region",
            "storageClass": "STANDARD",
            "metageneration": str(self.metageneration),
            "etag": self.etag,
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.created),
            "iamConfiguration": {
                "uniformBucketLevelAccess": access,
                "bucketPolicyOnly": access,
                "publicAccessPrevention": "inherited",
            },
            "billing": {"requesterPays": self.requester_pays},
            "labels": dict(self.labels),
        }

    def patch(self, body: Json) -> None:
        """Merge new metadata, as ``buckets.insert`` and ``buckets.patch`` send it.

        :raises GcsError: 400 for turning off uniform access while the policy has conditions.
        """
        configuration = body.get("iamConfiguration") or {}
        access = configuration.get("uniformBucketLevelAccess") or configuration.get("bucketPolicyOnly") or {}
        uniform = bool(access.get("enabled", self.uniform_access))
        if not uniform and gcs_iam.has_conditions(self.bindings):
            raise invalid("Uniform bucket-level access cannot be disabled while the policy has conditions.")
        self.uniform_access = uniform
        self.requester_pays = bool((body.get("billing") or {}).get("requesterPays", self.requester_pays))
        self.location = body.get("location") or self.location
        merged = {**self.labels, **(body.get("labels") or {})}
        self.labels = {name: value for name, value in merged.items() if value is not None}

    def policy(self, bindings: list[Json]) -> Json:
        """Return ``storage#policy`` with ``bindings``."""
        return {
            "kind": "storage#policy",
            "resourceId": f"projects/_/buckets/{self.name}",
            "version": gcs_iam.policy_version(bindings),
            "etag": self.etag,
            "bindings": bindings,
        }

    def set_bindings(self, bindings: list[Json]) -> None:
        """Replace the policy."""
        self.scripted.old_bindings = self.bindings
        self.bindings = gcs_iam.normalize(bindings)
        self.metageneration += 1

    def write_as_somebody_else(self) -> None:
        """Change the policy as another writer does who was faster: one more reader, and a new etag."""
        member = FOREIGN_WRITER.format(number=self.metageneration)
        self.set_bindings([*self.bindings, {"role": "roles/storage.objectViewer", "members": [member]}])

    def effective_bindings(self) -> list[Json]:
        """Return the bindings that a permission check sees now, and count the check."""
        if self.scripted.stale_checks > 0 and self.scripted.old_bindings is not None:
            self.scripted.stale_checks -= 1
            return self.scripted.old_bindings
        return self.bindings

    def object_resource(self, stored: StoredObject, root: str) -> Json:
        """Return ``storage#object``."""
        link = f"{root}/storage/v1/b/{self.name}/o"
        md5, crc32c = digests(stored.body)
        moment = timestamp(stored.updated)
        return {
            "kind": "storage#object",
            "id": f"{self.name}/{stored.name}/{stored.generation}",
            "selfLink": f"{link}/{quoted(stored.name)}",
            "mediaLink": f"{root}/download/storage/v1/b/{self.name}/o/{quoted(stored.name)}?alt=media",
            "name": stored.name,
            "bucket": self.name,
            "generation": str(stored.generation),
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "storageClass": "STANDARD",
            "size": str(len(stored.body)),
            "md5Hash": md5,
            "crc32c": crc32c,
            "etag": gcs_iam.etag(stored.generation),
            "timeCreated": moment,
            "updated": moment,
            "timeStorageClassUpdated": moment,
        }

    def state(self) -> Json:
        """Return everything that a request can change, as JSON."""
        metadata = self.resource("")
        return {"metadata": metadata, "policy": self.policy(self.bindings), "objects": self.objects.state()}


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def quoted(name: str) -> str:
    """Return an object's name as one segment of a URL."""
    return quote(name, safe="")


@lru_cache(maxsize=4096)
def digests(body: bytes) -> tuple[str, str]:
    """Return MD5 and CRC32C of a body as Google gives them, in base64."""
    md5 = hashlib.md5(body, usedforsecurity=False).digest()
    crc32c = google_crc32c.value(body).to_bytes(4, "big")
    return base64.b64encode(md5).decode(), base64.b64encode(crc32c).decode()
