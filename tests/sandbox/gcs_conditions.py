# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM conditions: Common Expression Language over the attributes that Cloud Storage provides.

As Google documents it (conditions attribute reference): reading an object is judged on the object's name; listing is
judged on the *bucket*, whose name never begins with ``.../objects/``. So a condition on ``resource.name`` alone allows
no listing; the prefix of a listing is ``api.getAttribute("storage.googleapis.com/objectListPrefix", "")``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import celpy
from celpy import celtypes
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError, CELSyntaxError, CELUnsupportedError

BUCKET_TYPE = "storage.googleapis.com/Bucket"
OBJECT_TYPE = "storage.googleapis.com/Object"
LIST_PREFIX = "storage.googleapis.com/objectListPrefix"

_EVALUATION_ERRORS = (CELEvalError, CELSyntaxError, CELUnsupportedError)


class InvalidConditionError(ValueError):
    """The expression cannot be compiled, or it is no statement about what Cloud Storage provides."""


@dataclass(frozen=True)
class Target:
    """What a permission is asked for: a bucket or, with ``object_name``, an object.

    ``list_prefix``: the prefix that a listing asks for; None for every other call.
    """

    bucket: str
    object_name: str | None = None
    list_prefix: str | None = None

    def attributes(self) -> dict[str, celtypes.Value]:
        """Return the variables of a condition."""
        name = f"projects/_/buckets/{self.bucket}"
        if self.object_name is not None:
            name += f"/objects/{self.object_name}"
        resource = {
            "name": name,
            "type": BUCKET_TYPE if self.object_name is None else OBJECT_TYPE,
            "service": "storage.googleapis.com",
        }
        api = {} if self.list_prefix is None else {LIST_PREFIX: self.list_prefix}
        time = celtypes.MapType({celtypes.StringType("time"): celtypes.TimestampType(datetime.now(UTC))})
        return {"resource": _strings(resource), "api": _strings(api), "request": time}


def check(expression: str) -> None:
    """Compile an expression, and try it on a bucket and on an object.

    :raises InvalidConditionError: with what is wrong.
    """
    for target in (Target("bucket", list_prefix=""), Target("bucket", "object")):
        _evaluate(expression, target)


def holds(expression: str, target: Target) -> bool:
    """Tell whether a condition is met. One that cannot be judged is not."""
    try:
        return _evaluate(expression, target)
    except InvalidConditionError:
        return False


def _evaluate(expression: str, target: Target) -> bool:
    try:
        result = _program(expression).evaluate(target.attributes())
    except _EVALUATION_ERRORS as error:
        raise InvalidConditionError(str(error.args[0] if error.args else error)) from None
    if not isinstance(result, celtypes.BoolType | bool):
        raise InvalidConditionError("the expression is not boolean")
    return bool(result)


@lru_cache(maxsize=256)
def _program(expression: str) -> Any:
    environment = celpy.Environment()
    try:
        tree = environment.compile(expression)
    except (CELParseError, *_EVALUATION_ERRORS) as error:
        raise InvalidConditionError(str(error.args[0] if error.args else error)) from None
    return environment.program(tree, functions={"getAttribute": _get_attribute, "extract": _extract})


def _get_attribute(api: Any, name: Any, default: Any) -> Any:
    return api.get(name, default)


def _extract(text: Any, template: Any) -> Any:
    """IAM's ``extract``: the part of ``text`` that stands for the ``{...}`` of ``template``, empty if none does."""
    before, _brace, rest = str(template).partition("{")
    after = rest.partition("}")[2]
    pattern = re.escape(before) + (f"(.*?){re.escape(after)}" if after else "(.*)")
    found = re.search(pattern, str(text), re.DOTALL)
    return celtypes.StringType(found.group(1) if found else "")


def _strings(values: dict[str, str]) -> celtypes.MapType:
    return celtypes.MapType({celtypes.StringType(name): celtypes.StringType(value) for name, value in values.items()})
