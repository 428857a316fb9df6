# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of AWX's API as a rulebook needs to start the job templates of ``examples/awx/configure.yml``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import QuietHandler, serving

TOKEN = "sandbox-controller-token-5c0ffee"
ASKED = ("limit", "labels", "inventory", "variables")
Run = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass
class Controller:
    """Job templates, by the arguments that made them, and the jobs that were launched.

    ``run``: what runs a job, given its template and its variables; returns whether it has succeeded.
    """

    templates: list[dict[str, Any]]
    run: Run
    url: str = ""
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, query: Mapping[str, list[str]]) -> Any:
        if path == "/api/v2/config/":
            return {"version": "24.6.1"}
        if path == "/api/v2/unified_job_templates/":
            rows = [row for row in map(self._shown, range(len(self.templates))) if row["name"] in query["name"]]
            return {"count": len(rows), "next": None, "results": rows}
        if path == "/api/v2/jobs/":
            wanted = query["id__in"][0].split(",")
            return {"next": None, "results": [job for job in self.jobs if str(job["id"]) in wanted]}
        return None

    def _shown(self, number: int) -> dict[str, Any]:
        template = self.templates[number]
        return {
            "id": number,
            "type": "job_template",
            "name": template["name"],
            "summary_fields": {"organization": {"name": template["organization"]}},
            "related": {"launch": f"/api/v2/job_templates/{number}/launch/"},
            **{f"ask_{name}_on_launch": template.get(f"ask_{name}_on_launch", False) for name in ASKED},
        }

    def launch(self, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
        """Start a job; as AWX does, drop a variable that the template does not ask for, and name it in the answer."""
        template, asked = self.templates[number], body.get("extra_vars", {})
        given, ignored = (asked, {}) if template.get("ask_variables_on_launch") else ({}, asked)
        variables = {**template.get("extra_vars", {}), **given}
        # The variables of a job are a text to AWX, those of a launch a dictionary.
        job = {"id": len(self.jobs) + 1, "status": "running", "extra_vars": json.dumps(variables), "artifacts": {}}
        job["url"] = f"/api/v2/jobs/{job['id']}/"
        self.jobs.append(job)
        threading.Thread(target=self._run, args=(template, job), daemon=True).start()
        return {**job, "job": job["id"], "ignored_fields": {"extra_vars": ignored} if ignored else {}}

    def _run(self, template: Mapping[str, Any], job: dict[str, Any]) -> None:
        done = False
        try:
            done = self.run(template, json.loads(job["extra_vars"]))
        finally:
            job["status"] = "successful" if done else "failed"


@contextmanager
def controlling(templates: list[dict[str, Any]], run: Run) -> Iterator[Controller]:
    """Serve on a free port of 127.0.0.1 within the context."""
    controller = Controller(templates, run)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            self._answer(controller.get(url.path, parse_qs(url.query)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(controller.launch(int(self.path.split("/")[4]), body), 201)

        def _answer(self, data: Any, status: int = 200) -> None:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                data, status = {"detail": "Authentication credentials were not provided."}, 401
            self.send_response(404 if data is None else status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    controller.url = f"http://127.0.0.1:{server.server_address[1]}/"
    with serving(server):
        yield controller
