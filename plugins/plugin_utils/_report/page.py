# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one web page that needs no network.

Every value is escaped by Jinja2. Beside that, the page's own policy lets no script and no style run but the two that
are written into it, and nothing be loaded.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .. import _way
from . import ways
from .cells import BAD_TESTS, headline_of, in_utc, short_time, worst_first
from .model import MARK_OF_SEVERITY, MEANINGS, SIGNS, Mark, Report, Step, Workspace
from .news import MARKS, WORDS
from .vendors import S3Access

FOLDER = Path(__file__).parent
STATES = {"granted": Mark.OK, "missing": Mark.FAILED, "retired": Mark.NONE}
ANSWERS = {"yes": "yes", "no": "no", "unknown": "cannot tell"}
# A date, or a time of day with its zone; a word; or what is between them.
TIME = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d UTC")
PARTS = re.compile(rf"({TIME.pattern}|\S+)")
LONGEST_WORD = 18
GAPS = re.compile(r">\n+<")
ENDS = re.compile(r"(?<=[./:_,])(?=\w)")
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
    environment.filters.update(
        short_time=short_time,
        in_utc=in_utc,
        pretty=_pretty,
        search=_search,
        missing_first=_missing_first,
        headline=headline_of,
        words=_words,
        compact=_compact,
    )
    template = environment.get_template("page.html.j2")
    return template.render(
        report=report,
        workspaces=worst_first(report.workspaces),
        counts={mark: count for mark, count in report.counts().items() if count},
        steps=list(Step),
        signs=SIGNS,
        meanings=MEANINGS,
        states=STATES,
        tests=TESTS,
        answers=ANSWERS,
        severities=MARK_OF_SEVERITY,
        news_words=WORDS,
        news_marks=MARKS,
        way=_way,
        ways=ways,
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
    """Return what the search field looks through beside what stands in the row."""
    words = [workspace.host, *(may.what for may in workspace.may)]
    for finding in workspace.findings:
        words += [finding.code, finding.field, finding.message, finding.remedy]
    if workspace.connection is not None:
        words += [workspace.connection.schema, workspace.connection.id, workspace.connection.group]
    if workspace.landing is not None:
        words += [workspace.landing.bucket, workspace.landing.prefix]
    if isinstance(workspace.access, S3Access):
        policy = workspace.access.policy
        words += [workspace.access.role_arn, policy.arn if policy is not None else ""]
    elif workspace.access is not None:
        words += [workspace.access.bucket, workspace.access.member, workspace.access.role]
    return " ".join(dict.fromkeys(filter(None, words)))


def _compact(html: str) -> Markup:
    """Return the page without line ends between its tags, which are a fifth of what a browser has to keep of it."""
    return Markup(GAPS.sub("><", html))


def _words(text: str, longest: int = LONGEST_WORD) -> Markup:
    """Return text whose dates stay whole, and in which a longer word, such as an ARN, breaks where its parts end."""
    return Markup("").join(_part(part, longest) for part in PARTS.split(text) if part)


def _part(part: str, longest: int) -> Markup:
    if TIME.fullmatch(part):
        return Markup('<span class="whole">{}</span>').format(part)
    if len(part) <= longest:
        return escape(part)
    return Markup("<wbr>").join(escape(piece) for piece in ENDS.split(part) if piece)


def _missing_first(permissions: Any) -> list[Any]:
    return sorted(permissions, key=lambda permission: permission.state == "granted")
