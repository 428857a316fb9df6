# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict about Currents in a bucket, and the work of ``braze_currents_info``."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from .._bucket.names import check_bucket
from .._bucket.objects import AccessDenied, BucketMissing, BucketObjects
from .._kernel.clients import Clients
from .._kernel.errors import Failure, InvalidArgument
from .._kernel.options.limits import LONGEST_AGE, check_number
from .._kernel.secrets.shown import quoted
from .._kernel.task import Result, Task, warn_or_fail
from .found import EventType, FoundIntegration, Survey
from .layout import as_prefix
from .survey import take_survey

INTEGRATION_PAGE = "Partner Integrations > Data Export"
SEND_TEST_EVENTS = (
    f'In Braze\'s dashboard open {INTEGRATION_PAGE}, choose the Currents integration and press "Send Test Events";'
    " a file has to appear within half an hour"
)

OpenBucket = Callable[[Mapping[str, Any], Clients], BucketObjects]


class LandingVerdict(StrEnum):
    """What is known about Currents in the bucket."""

    LANDING = "landing"
    STALE = "stale"
    EMPTY = "empty"
    ELSEWHERE = "elsewhere"
    NOT_CURRENTS = "not_currents"
    NO_BUCKET = "no_bucket"
    NO_ACCESS = "no_access"


# The option that says what to do about a verdict.
OPTION_FOR = {
    LandingVerdict.STALE: "on_quiet",
    LandingVerdict.EMPTY: "on_quiet",
    LandingVerdict.NO_ACCESS: "on_no_access",
    LandingVerdict.NO_BUCKET: "on_problem",
    LandingVerdict.ELSEWHERE: "on_problem",
    LandingVerdict.NOT_CURRENTS: "on_problem",
}
REACTION_OPTIONS = tuple(dict.fromkeys(OPTION_FOR.values()))


def judge_landing(survey: Survey, now: datetime, stale_after: timedelta) -> LandingVerdict:
    """Return what the survey says at the time ``now``; an hour is over before it can be late."""
    newest = survey.newest_hour
    if newest is None:
        return _without_currents(survey)
    if not survey.has_files or _nothing_is_avro(survey):
        return LandingVerdict.NOT_CURRENTS
    return LandingVerdict.LANDING if now - newest <= stale_after + timedelta(hours=1) else LandingVerdict.STALE


def _without_currents(survey: Survey) -> LandingVerdict:
    if survey.other_prefixes:
        return LandingVerdict.ELSEWHERE
    return LandingVerdict.EMPTY if survey.first_name is None else LandingVerdict.NOT_CURRENTS


def next_step(verdict: LandingVerdict, survey: Survey, now: datetime) -> str:
    """Return what a person has to do, in sentences; empty if nothing."""
    if verdict is LandingVerdict.STALE and survey.newest_hour:
        age = round((now - survey.newest_hour) / timedelta(hours=1))
        return (
            f"The newest events are of {_iso(survey.newest_hour)}, {age} hours ago. In a quiet workspace that can be"
            f" right. {SEND_TEST_EVENTS}. If none does, look there for errors of the integration: what Braze cannot"
            " write for days is lost for good."
        )
    if verdict is LandingVerdict.EMPTY:
        return (
            f"{_nothing_yet(survey)} In a new workspace that can be right. {SEND_TEST_EVENTS}."
            " If none does, compare bucket and folder with those of the integration."
        )
    if verdict is LandingVerdict.ELSEWHERE:
        return (
            f"Currents does not write under this prefix but under {_places(survey.other_prefixes)}. Set the prefix to"
            " that, or name in folders_of_others (currents_landing_folders_of_others in the role) what other workspaces"
            " write to."
        )
    if verdict is LandingVerdict.NOT_CURRENTS:
        return _what_is_there(survey)
    return ""


def _nothing_yet(survey: Survey) -> str:
    if not survey.prefixes_of_others:
        return "Nothing has been written under this prefix yet."
    return (
        f"Currents of other workspaces writes to {_places(survey.prefixes_of_others)} here, but nothing of this one has"
        " been written under its prefix yet."
    )


def _places(prefixes: Sequence[str]) -> str:
    return " and ".join(
        repr(prefix.rstrip("/")) if prefix else "the root of the bucket (an empty prefix)" for prefix in prefixes
    )


def _what_is_there(survey: Survey) -> str:
    advice = f" Compare bucket and folder with those of the integration in Braze ({INTEGRATION_PAGE})."
    if survey.first_name is not None:
        return f"What is under this prefix was not written by Currents, for example {survey.first_name!r}." + advice
    if survey.samples:
        return (
            f"The files have the names that Currents gives, but are no Avro files, for example"
            f" {survey.samples[0].name!r}. Fivetran reads what Currents wrote, unchanged: whatever rewrites or"
            " compresses these files has to write to another place."
        )
    return "There are folders of Currents, but none of its files in the newest hours." + advice


def _nothing_is_avro(survey: Survey) -> bool:
    looked_at = [sample.avro for sample in survey.samples if sample.avro is not None]
    return bool(looked_at) and not any(looked_at)


def currents_info(task: Task, open_bucket: OpenBucket, of_others: Callable[[], Collection[str]] = frozenset) -> Result:
    """Look into the bucket, which ``open_bucket`` finds in its cloud, and return the verdict.

    ``of_others``: gives prefixes of other workspaces beside those of the option; wanted where nothing is found only.

    :raises OnrampError: an option cannot be right, the bucket gives no usable answer, or the verdict is one that an
        option says is a failure.
    """
    params = task.params
    _check(params)
    objects = open_bucket(params, task.clients)
    now = datetime.now(UTC)
    survey, verdict, refusal, advice = Survey(), LandingVerdict.NO_BUCKET, None, ""
    try:
        named = frozenset(map(as_prefix, params["folders_of_others"]))
        survey = take_survey(
            objects, as_prefix(params["prefix"]), now, params["format_samples"], lambda: named.union(of_others())
        )
        verdict = judge_landing(survey, now, timedelta(hours=params["stale_after"]))
        advice = next_step(verdict, survey, now)
    except (BucketMissing, AccessDenied) as error:
        verdict = LandingVerdict.NO_ACCESS if isinstance(error, AccessDenied) else LandingVerdict.NO_BUCKET
        refusal, advice = error.failure, error.msg
    result = _result(verdict, survey, refusal, advice) | {
        "storage": params["storage"],
        "bucket": params["bucket"],
        "prefix": as_prefix(params["prefix"]).rstrip("/"),
        "list_calls": objects.list_calls.value,
    }
    option = OPTION_FOR.get(verdict)
    if option is None:
        return result
    place = "/".join(filter(None, (result["bucket"], result["prefix"])))
    url = f"{'s3' if params['storage'] == 's3' else 'gs'}://{place}"
    msg = f"Braze Currents does not land in {url} ({verdict}). {advice}"
    return warn_or_fail(task, params[option], verdict.value, msg, result)


def _check(params: Mapping[str, Any]) -> None:
    check_bucket("bucket", params["storage"], params["bucket"])
    _check_folder("prefix", params["prefix"])
    for folder in params["folders_of_others"]:
        _check_folder("folders_of_others", folder)
    check_number("stale_after", params["stale_after"], 1, LONGEST_AGE)
    if params["format_samples"] < 0:
        raise InvalidArgument(f"format_samples: expected 0 or more, got {params['format_samples']}.")


def _check_folder(option: str, folder: str) -> None:
    if "://" in folder:
        raise InvalidArgument(
            f"{option}: expected a folder in the bucket such as currents, without s3:// or gs:// and the bucket, got"
            f" {quoted(folder)}."
        )


def _result(verdict: LandingVerdict, survey: Survey, refusal: Failure | None, advice: str) -> Result:
    return {
        "changed": False,
        "verdict": verdict.value,
        "newest_hour": _iso(survey.newest_hour),
        "integrations": [_integration(found) for found in survey.integrations],
        "samples": [
            {
                "name": sample.name,
                "avro": sample.avro,
                "message": f"{sample.failure.code}: {sample.failure.message}" if sample.failure else "",
            }
            for sample in survey.samples
        ],
        "other_prefixes": [prefix.rstrip("/") for prefix in survey.other_prefixes],
        "refusal": asdict(refusal) if refusal else None,
        "next_step": advice,
    }


def _integration(found: FoundIntegration) -> dict[str, Any]:
    return {
        "id": found.integration.id,
        "cluster": found.integration.cluster,
        "storage": found.integration.storage,
        "newest_hour": _iso(found.newest_hour),
        "event_types": [_event_type(kind) for kind in found.event_types],
    }


def _event_type(kind: EventType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "newest_hour": _iso(kind.newest_hour),
        "layout": kind.parsed.layout if kind.parsed else None,
        "schema": kind.parsed.schema if kind.parsed else None,
    }


def _iso(hour: datetime | None) -> str | None:
    return None if hour is None else f"{hour:%Y-%m-%dT%H:%M:%SZ}"
