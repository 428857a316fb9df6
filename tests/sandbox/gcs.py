# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google Cloud Storage: the part of the JSON API that buckets, their IAM policy and reading objects need.

Google's own client talks to it through ``STORAGE_EMULATOR_HOST``. A request acts as the customer's owner, who may do
everything, unless it carries ``Authorization: Bearer sandbox-service-account:<e-mail>``: then it acts as that service
account and is judged by the bucket's policy, conditions included. Operations are named as in Google's reference
(``gcs:buckets.setIamPolicy``).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from . import gcs_iam
from .core import Hub, Server, operation
from .currents import (
    EVENT_TYPES,
    avro_file,
    generate_currents,
    generate_currents_names,
    generate_segment_exports,
)
from .gcs_buckets import Bucket, digests
from .gcs_conditions import Target
from .gcs_errors import (
    GcsError,
    conflict,
    forbidden,
    iam_disabled,
    invalid,
    no_bucket,
    no_object,
    no_role,
    role_forbidden,
    sharing_restricted,
    user_project_missing,
)
from .gcs_objects import Query, Row, StoredObject
from .watch import Table

Json = Any

PROJECT = "acme-analytics"
OWNER = "owner@acme-analytics.iam.gserviceaccount.com"
_SERVICE_ACCOUNT = re.compile(r"^Bearer sandbox-service-account:(\S+)$")
_PAGE = 1000

# Parameters that change nothing here. Any other that an operation does not know is refused, never ignored.
_HARMLESS = frozenset({"alt", "fields", "prettyPrint", "projection", "userProject", "key", "quotaUser"})
_VERSION = ("generation", "ifGenerationMatch")

Method = Callable[["Gcs", web.Request], Awaitable[web.StreamResponse]]


def _call(method: str, path: str, name: str, *parameters: str) -> Callable[[Method], Method]:
    """Mark a handler as an operation that knows ``parameters`` and answers errors in Google's format."""

    def mark(handler: Method) -> Method:
        @functools.wraps(handler)
        async def answer(server: Gcs, request: web.Request) -> web.StreamResponse:
            try:
                _refuse_unknown(request, parameters)
                return await handler(server, request)
            except GcsError as error:
                return error.answer()

        marked: Method = operation(method, path, name)(answer)
        return marked

    return mark


def _refuse_unknown(request: web.Request, parameters: Iterable[str]) -> None:
    unknown = sorted(set(request.query) - _HARMLESS - set(parameters))
    if unknown:
        raise GcsError(400, "invalidParameter", f"The sandbox does not know the parameter {', '.join(unknown)}.")


class Gcs(Server):
    """The server. ``buckets`` by name; ``projects``: those that exist and can be named to pay."""

    name = "gcs"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.buckets: Table[Bucket] = Table(Bucket.state)
        self.reset()

    def reset(self) -> None:
        self.buckets.clear()
        self.projects: dict[str, set[str]] = {PROJECT: set()}
        self.custom_roles: dict[str, frozenset[str]] = {}
        self.deleted_roles: set[str] = set()
        self.iam_enabled = True
        self.project_bindings: dict[str, list[Json]] = {}
        self.groups: dict[str, frozenset[str]] = {}
        self.lists_by_objects = False
        self.denied: dict[str | None, frozenset[str]] = {}
        self.deleted_accounts: set[str] = set()
        self.conflict_status = 412
        self.refuses_old_versions = False

    def state(self) -> Json:
        return {"buckets": {name: bucket.state() for name, bucket in self.buckets.items()}}

    def tables(self) -> Sequence[Table[Any]]:
        return (self.buckets,)

    def state_beside_tables(self) -> Json:
        return None

    def actor(self, request: web.Request) -> str:
        return self._service_account(request) or "owner"

    def refusal(self, status: int) -> web.Response:
        return GcsError(status, "backendError", "The sandbox was told to say so.").answer()

    def unknown(self, request: web.Request) -> web.StreamResponse:
        return GcsError(404, "notFound", f"The sandbox has no {request.method} {request.path}").answer()

    # Who may what

    def _service_account(self, request: web.Request) -> str | None:
        found = _SERVICE_ACCOUNT.match(request.headers.get("Authorization", ""))
        return found.group(1) if found else None

    def _bucket(self, request: web.Request, permission: str, target: Target | None = None) -> Bucket:
        """Return the bucket of a request that may do this.

        :raises GcsError: 404 for the bucket, 400 where nobody pays, 403.
        """
        bucket = self.buckets.get(request.match_info["bucket"])
        if bucket is None:
            raise no_bucket()
        self._check_payer(request, bucket)
        target = target or Target(bucket.name)
        if not self._may(request, bucket, permission, target):
            kind = "bucket" if target.object_name is None else "object"
            raise forbidden(self._service_account(request) or OWNER, permission, kind)
        return bucket

    def _may(self, request: web.Request, bucket: Bucket, permission: str, target: Target) -> bool:
        service_account = self._service_account(request)
        if service_account is None:
            return permission not in self.denied.get(None, ()) and permission not in self.denied.get(bucket.name, ())
        roles = {**gcs_iam.ROLES, **self.custom_roles, **dict.fromkeys(self.deleted_roles, frozenset())}
        inherited = self.project_bindings.get(bucket.project, [])
        members = gcs_iam.members_of(service_account, self.groups)
        members |= gcs_iam.basic_members(bucket.project, inherited, members)
        bindings = [*bucket.effective_bindings(), *inherited]
        return gcs_iam.allows(bindings, members, permission, target, roles, lists_by_objects=self.lists_by_objects)

    def _check_payer(self, request: web.Request, bucket: Bucket) -> None:
        project = request.query.get("userProject")
        if project is None:
            if bucket.requester_pays:
                raise user_project_missing()
            return
        if project not in self.projects:
            raise invalid("User project specified in the request is invalid.")
        service_account = self._service_account(request)
        if service_account is not None and service_account not in self.projects[project]:
            raise forbidden(service_account, "serviceusage.services.use", "project")

    # Buckets

    @_call("GET", "/storage/v1/b", "buckets.list", "project", "prefix", "maxResults", "pageToken")
    async def list_buckets(self, request: web.Request) -> web.StreamResponse:
        service_account = self._service_account(request)
        if service_account is not None or "storage.buckets.list" in self.denied.get(None, ()):
            raise forbidden(service_account or OWNER, "storage.buckets.list", "project")
        project, prefix = request.query.get("project"), request.query.get("prefix", "")
        found = self.buckets.find(lambda bucket: bucket.project == project and bucket.name.startswith(prefix))
        rows = [bucket.resource(self.url) for bucket in sorted(found, key=lambda bucket: bucket.name)]
        return web.json_response({"kind": "storage#buckets", "items": rows})

    @_call("POST", "/storage/v1/b", "buckets.insert", "project")
    async def insert_bucket(self, request: web.Request) -> web.StreamResponse:
        service_account = self._service_account(request)
        if service_account is not None or "storage.buckets.create" in self.denied.get(None, ()):
            raise forbidden(service_account or OWNER, "storage.buckets.create", "project")
        body = await _json_body(request)
        name = body.get("name", "")
        if name in self.buckets:
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise GcsError(409, "conflict", message)
        bucket = Bucket(name, request.query.get("project", PROJECT), uniform_access=False)
        bucket.patch(body)
        self.buckets[name] = bucket
        return web.json_response(bucket.resource(self.url))

    @_call("GET", "/storage/v1/b/{bucket}", "buckets.get")
    async def get_bucket(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._bucket(request, "storage.buckets.get").resource(self.url))

    @_call("PATCH", "/storage/v1/b/{bucket}", "buckets.patch")
    async def patch_bucket(self, request: web.Request) -> web.StreamResponse:
        bucket = self._bucket(request, "storage.buckets.update")
        bucket.patch(await _json_body(request))
        bucket.metageneration += 1
        return web.json_response(bucket.resource(self.url))

    # The IAM policy of a bucket

    @_call("GET", "/storage/v1/b/{bucket}/iam", "buckets.getIamPolicy", "optionsRequestedPolicyVersion")
    async def get_iam_policy(self, request: web.Request) -> web.StreamResponse:
        bucket = self._bucket(request, "storage.buckets.getIamPolicy")
        requested = _number(request, "optionsRequestedPolicyVersion", 1)
        existing = gcs_iam.policy_version(bucket.bindings)
        if requested < existing and self.refuses_old_versions:
            raise invalid(
                f"Requested policy version ({requested}) cannot be less than the existing policy version ({existing})."
            )
        return web.json_response(bucket.policy(gcs_iam.at_version(bucket.bindings, requested)))

    @_call("PUT", "/storage/v1/b/{bucket}/iam", "buckets.setIamPolicy")
    async def set_iam_policy(self, request: web.Request) -> web.StreamResponse:
        policy = await _json_body(request)
        bucket = self._bucket(request, "storage.buckets.setIamPolicy")
        if bucket.scripted.foreign_writes > 0:
            bucket.scripted.foreign_writes -= 1
            bucket.write_as_somebody_else()
        bindings = gcs_iam.check_policy(
            policy, bucket.bindings, uniform_access=bucket.uniform_access, custom_roles=self.custom_roles
        )
        if policy.get("etag") not in (None, "", bucket.etag):
            raise conflict(self.conflict_status)
        self._check_members(bucket, bindings)
        bucket.set_bindings(bindings)
        return web.json_response(bucket.policy(bucket.bindings))

    def _check_members(self, bucket: Bucket, bindings: list[Json]) -> None:
        members = {member for binding in bindings for member in binding.get("members") or ()}
        for account in sorted(self.deleted_accounts):
            if f"serviceAccount:{account}" in members:
                raise invalid(f"Service account {account} does not exist.")
        domains = bucket.scripted.sharing_domains
        if domains is not None and gcs_iam.outsiders(bindings, domains):
            raise sharing_restricted(bucket.scripted.sharing_status)

    @_call("GET", "/storage/v1/b/{bucket}/iam/testPermissions", "buckets.testIamPermissions", "permissions")
    async def test_iam_permissions(self, request: web.Request) -> web.StreamResponse:
        bucket = self.buckets.get(request.match_info["bucket"])
        if bucket is None:
            raise no_bucket()
        self._check_payer(request, bucket)
        asked = request.query.getall("permissions", [])
        held = [permission for permission in asked if self._may(request, bucket, permission, Target(bucket.name))]
        answer: Json = {"kind": "storage#testIamPermissionsResponse"}
        return web.json_response({**answer, "permissions": held} if held else answer)

    # Roles, which Google's IAM tells; its address is another one

    @_call("GET", "/v1/{name:(?:(?:projects|organizations)/[^/]+/)?roles/[^/]+}", "roles.get")
    async def get_role(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not self.iam_enabled:
            raise iam_disabled()
        service_account = self._service_account(request)
        # Google's own roles are no secret.
        if not name.startswith("roles/") and (service_account or "iam.roles.get" in self.denied.get(None, ())):
            raise role_forbidden(name)
        permissions = {**gcs_iam.ROLES, **self.custom_roles}.get(name)
        if permissions is None:
            raise no_role(name)
        role: Json = {"name": name, "title": name.rpartition("/")[2], "stage": "GA", "etag": "BwX="}
        if permissions:
            role["includedPermissions"] = sorted(permissions)
        return web.json_response({**role, "deleted": True} if name in self.deleted_roles else role)

    # Objects

    @_call(
        "GET", "/storage/v1/b/{bucket}/o", "objects.list",
        "prefix", "delimiter", "startOffset", "endOffset", "includeTrailingDelimiter", "maxResults", "pageToken",
    )  # fmt: skip
    async def list_objects(self, request: web.Request) -> web.StreamResponse:
        prefix = request.query.get("prefix", "")
        target = Target(request.match_info["bucket"], list_prefix=prefix)
        bucket = self._bucket(request, "storage.objects.list", target)
        query = Query(
            prefix=prefix,
            delimiter=request.query.get("delimiter", ""),
            start=request.query.get("startOffset", ""),
            end=request.query.get("endOffset", ""),
            include_trailing_delimiter=request.query.get("includeTrailingDelimiter", "").lower() == "true",
        )
        limit = min(_number(request, "maxResults", _PAGE), _PAGE)
        rows, more = bucket.objects.page(query, limit, _row_of_token(request.query.get("pageToken")))
        answer: Json = {"kind": "storage#objects"}
        if more is not None:
            answer["nextPageToken"] = _token_of_row(more)
        if prefixes := [row.value for row in rows if row.is_prefix]:
            answer["prefixes"] = prefixes
        objects = [stored for row in rows if not row.is_prefix and (stored := bucket.objects.get(row.value))]
        if objects:
            answer["items"] = [bucket.object_resource(stored, self.url) for stored in objects]
        return web.json_response(answer)

    @_call("GET", "/storage/v1/b/{bucket}/o/{object:.+}", "objects.get", *_VERSION)
    async def get_object(self, request: web.Request) -> web.StreamResponse:
        bucket, stored = self._object(request, "storage.objects.get")
        if request.query.get("alt") == "media":
            return _media(request, stored)
        return web.json_response(bucket.object_resource(stored, self.url))

    @_call("GET", "/download/storage/v1/b/{bucket}/o/{object:.+}", "objects.get", *_VERSION)
    async def download_object(self, request: web.Request) -> web.StreamResponse:
        return _media(request, self._object(request, "storage.objects.get")[1])

    @_call("DELETE", "/storage/v1/b/{bucket}/o/{object:.+}", "objects.delete", *_VERSION)
    async def delete_object(self, request: web.Request) -> web.StreamResponse:
        bucket, stored = self._object(request, "storage.objects.delete")
        bucket.objects.delete(stored.name)
        return web.Response(status=204)

    @_call(
        "POST", "/upload/storage/v1/b/{bucket}/o", "objects.insert", "uploadType", "name", "ifGenerationMatch"
    )  # fmt: skip
    async def insert_object(self, request: web.Request) -> web.StreamResponse:
        name, content = await _upload(request)
        bucket = self._bucket(request, "storage.objects.create", Target(request.match_info["bucket"], name))
        existing = bucket.objects.get(name)
        _check_generation(request, existing)
        if existing is not None:
            # To replace an object is to delete the one before.
            self._bucket(request, "storage.objects.delete", Target(bucket.name, name))
        return web.json_response(bucket.object_resource(bucket.objects.put(name, content), self.url))

    def _object(self, request: web.Request, permission: str) -> tuple[Bucket, StoredObject]:
        """Return bucket and object. Who may not list learns nothing of what is missing: 403 instead of 404."""
        name = request.match_info["object"]
        bucket = self._bucket(request, permission, Target(request.match_info["bucket"], name))
        stored = bucket.objects.get(name)
        if stored is not None and request.query.get("generation") in (None, str(stored.generation)):
            _check_generation(request, stored)
            return bucket, stored
        if not self._may(request, bucket, "storage.objects.list", Target(bucket.name)):
            raise forbidden(self._service_account(request) or OWNER, "storage.objects.list", "bucket")
        raise no_object(bucket.name, name)

    # For the world and for tests

    def put_objects(self, bucket: str, objects: Iterable[tuple[str, bytes]]) -> None:
        """Store objects by name and content."""
        self.buckets[bucket].objects.put_all(objects)

    def control_create_bucket(
        self,
        name: str,
        project: str = PROJECT,
        location: str = "EU",
        uniform_access: bool = True,
        requester_pays: bool = False,
    ) -> Json:
        """Make a bucket; returns its metadata."""
        self.projects.setdefault(project, set())
        self.buckets[name] = Bucket(name, project, location, uniform_access, requester_pays)
        return self.buckets[name].resource(self.url)

    def control_delete_bucket(self, name: str) -> None:
        """Remove a bucket with everything in it."""
        del self.buckets[name]

    def control_put_object(self, bucket: str, name: str, text: str = "", base64_content: str = "") -> None:
        """Store one object."""
        content = base64.b64decode(base64_content) if base64_content else text.encode()
        self.buckets[bucket].objects.put(name, content)

    def control_seed_currents(self, bucket: str, hours: list[str], **arguments: Any) -> int:
        """Store what :func:`generate_currents` makes of ``arguments``; ``hours`` in ISO 8601. Returns how many."""
        objects = list(generate_currents(hours=[datetime.fromisoformat(hour) for hour in hours], **arguments))
        self.put_objects(bucket, objects)
        return len(objects)

    def control_seed_currents_names(self, bucket: str, newest: str, **arguments: Any) -> int:
        """Store an object for each name of :func:`generate_currents_names`, all with one Avro content.

        ``newest`` in ISO 8601. A million takes two seconds and 300 MB. Returns how many.
        """
        hour = datetime.fromisoformat(newest)
        names = generate_currents_names(newest=hour, **arguments)
        self.buckets[bucket].objects.share(names, avro_file(EVENT_TYPES[0], hour, 3))
        return len(self.buckets[bucket].objects)

    def control_seed_segment_exports(self, bucket: str, prefix: str = "", segments: int = 2, days: int = 2) -> int:
        """Store Braze exports that are not Currents. Returns how many."""
        newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        objects = list(generate_segment_exports(prefix, segments, days, newest))
        self.put_objects(bucket, objects)
        return len(objects)

    def control_policy(self, bucket: str) -> Json:
        """Return the policy with its conditions."""
        return self.buckets[bucket].policy(self.buckets[bucket].bindings)

    def control_set_policy(self, bucket: str, bindings: list[Json]) -> None:
        """Replace the policy's bindings past etag and all checks."""
        self.buckets[bucket].set_bindings(bindings)

    def control_foreign_writes(self, bucket: str, times: int) -> None:
        """Let another writer be faster before each of the next ``times`` changes of the policy."""
        self.buckets[bucket].scripted.foreign_writes = times

    def control_propagation(self, bucket: str, checks: int) -> None:
        """Let the next ``checks`` permission checks of service accounts see the policy before its last change."""
        self.buckets[bucket].scripted.stale_checks = checks

    def control_restrict_sharing(self, bucket: str, domains: list[str], status: int = 412) -> None:
        """Domain-restricted sharing: refuse policies with members outside ``domains``, by 412 or 400."""
        scripted = self.buckets[bucket].scripted
        scripted.sharing_domains, scripted.sharing_status = tuple(domains), status

    def control_deny_owner(self, permissions: list[str], bucket: str | None = None) -> None:
        """Take permissions from the customer's owner, on one bucket or everywhere; an empty list gives them back."""
        self.denied[bucket] = frozenset(permissions)

    def control_conflicts(self, status: int) -> None:
        """Answer a stale etag with 412, as Cloud Storage does, or with 409, as IAM's documentation says."""
        self.conflict_status = status

    def control_old_policy_versions(self, refused: bool) -> None:
        """Refuse to read a conditional policy with a version below 3, as Google's reference says.

        The default is what Google's IAM documentation says and its client's own tests met: roles come marked with
        ``_withcond_``, without the condition.
        """
        self.refuses_old_versions = refused

    def control_define_role(self, role: str, permissions: list[str]) -> None:
        """Define a custom role, such as ``projects/acme-analytics/roles/reader``."""
        self.custom_roles[role] = frozenset(permissions)

    def control_delete_role(self, role: str) -> None:
        """Delete a custom role: it can be read for a while, stays where it is granted, and grants nothing."""
        self.deleted_roles.add(role)

    def control_iam_api(self, enabled: bool) -> None:
        """Disable Google's IAM API in the project of the caller, or enable it."""
        self.iam_enabled = enabled

    def control_set_project_policy(self, bindings: list[Json], project: str = PROJECT) -> None:
        """Replace the bindings of a project: its buckets inherit them, and their policies do not show them."""
        self.project_bindings[project] = gcs_iam.normalize(bindings)

    def control_set_group(self, name: str, emails: list[str]) -> None:
        """Say who belongs to a group or a domain, such as ``group:data@acme.example``; no policy shows it."""
        self.groups[name] = frozenset(emails)

    def control_list_by_objects(self, allowed: bool) -> None:
        """Let a condition about objects allow to list them, too.

        The default is what Google documents: listing is asked of the bucket, about which such a condition says nothing.
        """
        self.lists_by_objects = allowed

    def control_delete_service_account(self, email: str) -> None:
        """Make Google refuse policies that name this service account."""
        self.deleted_accounts.add(email)

    def control_allow_billing(self, project: str, service_account: str) -> None:
        """Let a service account name ``project`` to pay."""
        self.projects.setdefault(project, set()).add(service_account)


async def _json_body(request: web.Request) -> Json:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GcsError(400, "parseError", "This API does not support parsing form-encoded input.")
    return body


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise GcsError(400, "invalidParameter", f"Invalid value '{text}'.", ("parameter", name))
    return int(text)


def _check_generation(request: web.Request, stored: StoredObject | None) -> None:
    expected = request.query.get("ifGenerationMatch")
    if expected is not None and expected != (str(stored.generation) if stored else "0"):
        raise conflict(412)


def _token_of_row(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.value, row.is_prefix]).encode()).decode()


def _row_of_token(token: str | None) -> Row | None:
    if not token:
        return None
    try:
        value, is_prefix = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise GcsError(400, "invalid", "Invalid page token.", ("parameter", "pageToken")) from None
    return Row(value, is_prefix)


async def _upload(request: web.Request) -> tuple[str, bytes]:
    """Return name and content of a simple or multipart upload."""
    body = await request.read()
    kind = request.query.get("uploadType")
    if kind == "media":
        return request.query.get("name", ""), body
    if kind != "multipart":
        raise invalid(f"The sandbox does not know the uploadType {kind}.")
    boundary = re.search(r'boundary="?([^";]+)', request.headers.get("Content-Type", ""))
    if boundary is None:
        raise invalid("The multipart upload names no boundary.")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.group(1).encode(), 3)
    if len(parts) != 4:
        raise invalid("A multipart upload has two parts.")
    _before, metadata, content, _after = parts
    name = json.loads(metadata.partition(b"\r\n\r\n")[2]).get("name") or request.query.get("name", "")
    return name, content.partition(b"\r\n\r\n")[2]


def _media(request: web.Request, stored: StoredObject) -> web.Response:
    md5, crc32c = digests(stored.body)
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Hash": f"crc32c={crc32c},md5={md5}",
        "ETag": f'"{hashlib.md5(stored.body, usedforsecurity=False).hexdigest()}"',
        "Accept-Ranges": "bytes",
    }
    found = byte_range(request.headers.get("Range", ""), len(stored.body))
    if found is None:
        return web.Response(body=stored.body, headers=headers)
    first, last = found
    if first >= len(stored.body):
        raise GcsError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    headers["Content-Range"] = f"bytes {first}-{last}/{len(stored.body)}"
    return web.Response(status=206, body=stored.body[first : last + 1], headers=headers)


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a ``Range`` header, None without one that applies."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
