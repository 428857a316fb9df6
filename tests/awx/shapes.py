# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold what a module passes on unread against what the controller demands of it: AWX 24.6, and the EDA controller.

That is surveys, credential types, the address of a notification, and the rule of a schedule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jinja2
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from jinja2 import meta

from tests.awx.examples import Task

TEXT = ("text", "textarea", "password", "multiplechoice", "multiselect")
QUESTION = {"question_name": str, "type": str, "variable": str, "required": bool}
OPTIONAL = ("choices", "default", "max", "min", "question_description")
INPUT = {"id": str, "label": str, "type": str, "secret": bool, "multiline": bool, "help_text": str}
INJECTORS = ("env", "extra_vars", "file")
# Where credentials are files, they are named by this, if there is a file.
FILES = {"awx.awx": "tower", "ansible.eda": "eda"}
# Which variables of the environment AWX sets by itself; it takes no other that starts with ANSIBLE_ either.
OF_AWX = (
    "AWX_HOST",
    "CACHE",
    "INVENTORY_ID",
    "JOB_ID",
    "PATH",
    "PYTHONPATH",
    "REST_API_TOKEN",
    "REST_API_URL",
    "VIRTUAL_ENV",
)
WEBHOOK = {"url": str, "http_method": str, "headers": dict}
WEBHOOK_MORE = {"username": str, "password": str, "disable_ssl_verification": bool}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_START = re.compile(r"DTSTART(?:;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)(?= |$)")


def of_shape(task: Task) -> Iterator[str]:
    """Yield what the controller would not take of what it is sent."""
    given = task.arguments
    found: Iterable[str] = ()
    if task.module == "credential_type":
        found = (*_inputs(given.get("inputs", {})), *_injectors(task.collection, given))
    elif task.module == "notification_template":
        found = _notification(given)
    elif task.module == "schedule":
        found = _rule(given.get("rrule", ""))
    elif "survey_spec" in given:
        found = _survey(given["survey_spec"], given.get("survey_enabled"))
    yield from (f"{task}: {one}" for one in found)


def _typed(given: Mapping[str, Any], types: Mapping[str, type], demanded: Iterable[str]) -> Iterator[str]:
    for name in [name for name in demanded if name not in given]:
        yield f"{name}: missing"
    for name in [name for name in types if name in given and not isinstance(given[name], types[name])]:
        yield f"{name}: {types[name].__name__}, and not {given[name]!r}"


def _survey(survey: Mapping[str, Any], enabled: Any) -> Iterator[str]:
    if enabled is not True:
        yield "survey_enabled: a survey that is not enabled is not asked"
    types = {"name": str, "description": str, "spec": list}
    yield from (f"survey_spec -> {one}" for one in _typed(survey, types, types))
    questions = survey.get("spec") or []
    if not questions:
        yield "survey_spec -> spec: no question"
    names = [question.get("variable") for question in questions]
    for question in questions:
        where = f"survey_spec -> {question.get('variable')}"
        yield from (f"{where} -> {one}" for one in (*_typed(question, QUESTION, QUESTION), *_question(question)))
        if names.count(question.get("variable")) > 1:
            yield f"{where}: asked twice"


def _question(question: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(question) - set(QUESTION) - set(OPTIONAL)):
        yield f"{name}: unknown"
    kind, default, choices = question.get("type"), question.get("default", ""), question.get("choices")
    if kind not in (*TEXT, "integer", "float"):
        yield f"type: unknown {kind}"
    if str(kind).startswith("multi"):
        if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
            yield "choices: a list of texts"
        elif default and default not in choices:
            yield f"default: {default!r} is none of the choices"
    expected = {"integer": (int,), "float": (int, float)}.get(str(kind), (str,))
    if default != "" and not isinstance(default, expected):
        yield f"default: {expected[-1].__name__}, and not {default!r}"
    yield from _typed(question, {"min": int, "max": int}, ())


def _inputs(inputs: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(inputs) - {"fields", "required"}):
        yield f"inputs -> {name}: unknown"
    fields = inputs.get("fields", [])
    names = [field.get("id") for field in fields]
    for field in fields:
        for one in (*_typed(field, INPUT, ("id", "label")), *_field(field, names)):
            yield f"inputs -> {field.get('id')} -> {one}"
    for name in sorted(set(inputs.get("required", [])) - set(names)):
        yield f"inputs -> required: there is no field {name}"


def _field(field: Mapping[str, Any], names: list[Any]) -> Iterator[str]:
    for name in sorted(set(field) - set(INPUT)):
        yield f"{name}: unknown"
    name, kind = str(field.get("id")), field.get("type", "string")
    reserved = name in FILES.values() or name.upper().startswith("EDA_")
    if not _NAME.fullmatch(name) or reserved or names.count(name) > 1:
        yield "id: no valid name, reserved, or given twice"
    if kind not in ("string", "boolean"):
        yield f"type: string or boolean, and not {kind}"
    if kind == "boolean" and {"secret", "multiline"} & set(field):
        yield "secret or multiline: only a string is that"


def _injectors(collection: str, given: Mapping[str, Any]) -> Iterator[str]:
    injectors = given.get("injectors", {})
    known = {field.get("id") for field in given.get("inputs", {}).get("fields", [])}
    if injectors.get("file"):
        known.add(FILES[collection])
    for kind, values in injectors.items():
        if kind not in INJECTORS:
            yield f"injectors -> {kind}: unknown"
            continue
        for name, template in values.items():
            where = f"injectors -> {kind} -> {name}"
            if kind == "file" and not re.fullmatch(rf"template(\.{_NAME.pattern})?", name):
                yield f"{where}: the name of a file is template, or template. and a name"
            if kind == "env" and (name.startswith("ANSIBLE_") or name in OF_AWX or not _NAME.fullmatch(name)):
                yield f"{where}: AWX takes no variable of this name"
            unknown = meta.find_undeclared_variables(jinja2.Environment().parse(template)) - known
            yield from (f"{where}: there is no field {name}" for name in sorted(unknown))


def _notification(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("notification_type") != "webhook":
        yield "notification_type: only of webhooks it is known here what AWX demands"
        return
    settings = given.get("notification_configuration", {})
    for one in _typed(settings, {**WEBHOOK, **WEBHOOK_MORE}, WEBHOOK):
        yield f"notification_configuration -> {one}"
    for name in sorted(set(settings) - set(WEBHOOK) - set(WEBHOOK_MORE)):
        yield f"notification_configuration -> {name}: unknown"
    if str(settings.get("http_method")).upper() not in ("POST", "PUT"):
        yield "notification_configuration -> http_method: POST or PUT"


def _rule(rule: str) -> Iterator[str]:
    if len(_START.findall(rule)) != 1:
        yield "rrule: one DTSTART, with TZID or in UTC"
    rules = re.findall(r"RRULE:(\S+)", rule)
    if not rules:
        yield "rrule: no RRULE"
    for one in rules:
        if "INTERVAL=" not in one or "SECONDLY" in one or ("COUNT=" in one and "UNTIL=" in one):
            yield f"rrule: INTERVAL, not each second, and COUNT or UNTIL: {one}"
    try:
        rrulestr(rule)
    except ValueError as error:
        yield f"rrule: {error}"
