# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""The report as one web page that needs no network.

Every value is escaped by Jinja2. Beside that, the page's own policy lets no script and no style run but the two that
are written into it, and nothing be loaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .cells import BAD_TESTS, short_time
from .model import MEANINGS, SEVERITIES, SIGNS, Mark, Report, Step, Workspace

FOLDER = Path(__file__).parent
STATES = {"granted": Mark.OK, "missing": Mark.FAILED, "retired": Mark.NONE}
ANSWERS = {"yes": "yes", "no": "no", "unknown": "cannot tell"}
TESTS = {"PASSED": Mark.OK, "SKIPPED": Mark.NONE, **dict.fromkeys(BAD_TESTS, Mark.FAILED)}


def page_of(report: Report) -> str:
    """Return the page as HTML."""
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(short_time=short_time, pretty=_pretty, search=_search, missing_first=_missing_first)
    template = environment.get_template("page.html.j2")
    return template.render(
        report=report,
        counts={mark: count for mark, count in report.counts().items() if count},
        steps=list(Step),
        signs=SIGNS,
        meanings=MEANINGS,
        states=STATES,
        tests=TESTS,
        answers=ANSWERS,
        severities=SEVERITIES,
        style=style,
        script=script,
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy that allows these two texts and nothing else."""
    allowed = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _search(workspace: Workspace) -> str:
    """Return what the search field looks through, in lower case."""
    words = [workspace.name, *(cell.text for cell in workspace.cells.values())]
    words += [finding.message for finding in workspace.findings]
    if workspace.connection is not None:
        words += [workspace.connection.schema, workspace.connection.id]
    if workspace.landing is not None:
        words.append(workspace.landing.bucket)
    return " ".join(words).casefold()


def _missing_first(permissions: Any) -> list[Any]:
    return sorted(permissions, key=lambda permission: permission.state == "granted")
