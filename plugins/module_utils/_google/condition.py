# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Judge a condition of a grant in Google Cloud Storage for a whole folder: it holds, it does not, or nobody can tell.

What is understood of Google's Common Expression Language is what conditions on buckets are made of. Whatever else an
expression says is unknown, and so is all that depends on it. Pure functions: nothing is asked of Google.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

BUCKET_TYPE = "storage.googleapis.com/Bucket"
OBJECT_TYPE = "storage.googleapis.com/Object"
SERVICE = "storage.googleapis.com"
LIST_PREFIX = "storage.googleapis.com/objectListPrefix"
# Google's own limits are far below; what goes beyond is not read.
LONGEST, DEEPEST = 20_000, 50


@dataclass(frozen=True)
class Open:
    """A text of which only the beginning is known: the name of any object in a folder."""

    prefix: str


@dataclass(frozen=True)
class Unknown:
    """What cannot be known from here."""


UNKNOWN = Unknown()
Value: TypeAlias = "str | bool | datetime | Open | Unknown | tuple[Value, ...]"


@dataclass(frozen=True)
class Asked:
    """What Google is asked for, as a condition sees it. ``list_prefix``: of a listing; None for everything else."""

    name: str | Open
    type: str
    now: datetime
    list_prefix: str | None = None


def reading(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for reading whatever object of the folder; an empty folder is the whole bucket."""
    return Asked(Open(f"projects/_/buckets/{bucket}/objects/{_inside(folder)}"), OBJECT_TYPE, now)


def listing(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for listing the folder, which Google asks of the bucket."""
    return Asked(f"projects/_/buckets/{bucket}", BUCKET_TYPE, now, _inside(folder))


def listing_as_objects(bucket: str, folder: str, now: datetime) -> Asked:
    """Return the question for listing as it would be if Google asked it of the objects in the folder.

    Google documents the other way, and many conditions were written as if it were this one.
    """
    of_objects = reading(bucket, folder, now)
    return Asked(of_objects.name, of_objects.type, now, _inside(folder))


def _inside(folder: str) -> str:
    inner = folder.strip("/")
    return f"{inner}/" if inner else ""


@lru_cache(maxsize=4096)
def holds(expression: str, asked: Asked) -> bool | None:
    """Tell whether a condition is met; None where that cannot be known."""
    try:
        return _truth(_Reader(expression, asked).value())
    except _NotUnderstoodError:
        return None


def moments(expression: str) -> list[datetime]:
    """Return the points in time that an expression names, in their order: at these its truth may change."""
    found = (_moment(match[2]) for match in _TIMESTAMP.finditer(expression))
    return sorted({moment for moment in found if isinstance(moment, datetime)})


_TIMESTAMP = re.compile(r"""\btimestamp\s*\(\s*(["'])([^"'\\]{1,64})\1\s*\)""")


def _moment(text: str) -> Value:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNKNOWN
    return moment if moment.tzinfo is not None else UNKNOWN


# The language


class _NotUnderstoodError(Exception):
    """The expression is none, or is written in a way that is not read here."""


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      |(?P<text>[rR]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
          |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      |(?P<number>\d[\w.]*)
      |(?P<word>[A-Za-z_]\w*)
      |(?P<sign>&&|\|\||[=!<>]=|[<>!?:()\[\],.+\-*/%{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_ARITHMETIC = ("+", "-", "*", "/", "%")


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise _NotUnderstoodError
        place = match.end()
        if match.lastgroup != "space":
            yield str(match.lastgroup), match[0]
    yield "end", ""


class _Reader:
    """Reads an expression and works out what it comes to, in one go.

    Everything is read, also what the result does not depend on: an expression with a fault anywhere is not understood.
    """

    def __init__(self, expression: str, asked: Asked) -> None:
        if len(expression) > LONGEST:
            raise _NotUnderstoodError
        self._tokens = list(_tokens(expression))
        self._place = 0
        self._depth = 0
        self._asked = asked

    def value(self) -> Value:
        """Return what the whole expression comes to."""
        value = self._choice()
        if self._kind != "end":
            raise _NotUnderstoodError
        return value

    @property
    def _kind(self) -> str:
        return self._tokens[self._place][0]

    @property
    def _text(self) -> str:
        """The token to be read next; empty where it is a text, which may look like a sign."""
        kind, text = self._tokens[self._place]
        return "" if kind == "text" else text

    def _take(self) -> str:
        text = self._tokens[self._place][1]
        self._place += 1
        return text

    def _skip(self, sign: str) -> bool:
        """Read a sign if it comes next, and tell whether it did."""
        comes = self._text == sign
        self._place += comes
        return comes

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise _NotUnderstoodError

    def _choice(self) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _NotUnderstoodError
        value = self._any()
        if self._skip("?"):
            first = self._choice()
            self._expect(":")
            second = self._choice()
            truth = _truth(value)
            value = UNKNOWN if truth is None and first != second else first if truth is not False else second
        self._depth -= 1
        return value

    def _any(self) -> Value:
        value = self._all()
        while self._skip("||"):
            value = _either(value, self._all())
        return value

    def _all(self) -> Value:
        value = self._comparison()
        while self._skip("&&"):
            value = _not(_either(_not(value), _not(self._comparison())))
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        while self._text in _COMPARISONS:
            sign = self._take()
            value = _compared(sign, value, self._sum())
        return value

    def _sum(self) -> Value:
        value = self._unary()
        while self._text in _ARITHMETIC:
            self._take()
            self._unary()
            value = UNKNOWN
        return value

    def _unary(self) -> Value:
        negated, is_number = False, False
        while self._text in ("!", "-"):
            sign = self._take()
            negated, is_number = negated ^ (sign == "!"), is_number or sign == "-"
        value = self._member()
        return UNKNOWN if is_number else _not(value) if negated else value

    def _member(self) -> Value:
        name, value = self._primary()
        while self._text in (".", "["):
            if self._take() == "[":
                self._choice()
                self._expect("]")
                name, value = "", UNKNOWN
                continue
            if self._kind != "word":
                raise _NotUnderstoodError
            word = self._take()
            if self._text == "(":
                value = self._called(name, value, word)
                name = ""
            else:
                name = f"{name}.{word}" if name else ""
                value = self._attribute(name)
        return value

    def _primary(self) -> tuple[str, Value]:
        """Return what comes next; of a name, also the name."""
        if self._kind == "text":
            return "", _unquoted(self._take())
        if self._kind == "number":
            self._take()
            return "", UNKNOWN
        if self._kind == "word":
            return self._word()
        if self._skip("("):
            value = self._choice()
            self._expect(")")
            return "", value
        if self._skip("["):
            return "", tuple(self._listed("]"))
        raise _NotUnderstoodError

    def _word(self) -> tuple[str, Value]:
        word = self._take()
        if word in ("true", "false"):
            return "", word == "true"
        if self._skip("("):
            arguments = self._listed(")")
            first = arguments[0] if len(arguments) == 1 else UNKNOWN
            return "", _moment(first) if word == "timestamp" and isinstance(first, str) else UNKNOWN
        return word, UNKNOWN

    def _listed(self, end: str) -> list[Value]:
        values: list[Value] = []
        while not self._skip(end):
            if values:
                self._expect(",")
            values.append(self._choice())
        return values

    def _attribute(self, name: str) -> Value:
        known: Mapping[str, Value] = {
            "resource.name": self._asked.name,
            "resource.type": self._asked.type,
            "resource.service": SERVICE,
            "request.time": self._asked.now,
        }
        return known.get(name, UNKNOWN)

    def _called(self, name: str, value: Value, method: str) -> Value:
        self._expect("(")
        arguments = self._listed(")")
        if (name, method) == ("api", "getAttribute") and len(arguments) == 2:
            return self._of_the_call(*arguments)
        given = arguments[0] if len(arguments) == 1 else UNKNOWN
        function = _METHODS.get(method)
        if function is None or not isinstance(value, str | Open) or not isinstance(given, str):
            return UNKNOWN
        return function(value, given)

    def _of_the_call(self, attribute: Value, default: Value) -> Value:
        if attribute != LIST_PREFIX:
            return UNKNOWN
        return default if self._asked.list_prefix is None else self._asked.list_prefix


def _unquoted(token: str) -> str:
    raw = token[0] in "rR"
    body = token[raw:]
    width = 3 if body.startswith(('"""', "'''")) else 1
    inner = body[width:-width]
    return inner if raw else _ESCAPE.sub(_character, inner)


def _character(match: re.Match[str]) -> str:
    octal, plain = match[4], match[5]
    if plain:
        return _ESCAPED.get(plain, plain)
    number = int(octal, 8) if octal else int(match[1] or match[2] or match[3], 16)
    if number > 0x10FFFF:
        raise _NotUnderstoodError
    return chr(number)


# What signs and methods come to where not everything is known


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else UNKNOWN


def _either(one: Value, other: Value) -> Value:
    if one is True or other is True:
        return True
    return False if one is False and other is False else UNKNOWN


def _compared(sign: str, one: Value, other: Value) -> Value:
    if sign == "in":
        return _among(one, other)
    if sign in ("==", "!="):
        same = _same(one, other)
        return same if sign == "==" else _not(same)
    if not isinstance(one, datetime) or not isinstance(other, datetime):
        return UNKNOWN
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


def _among(value: Value, values: Value) -> Value:
    if not isinstance(values, tuple):
        return UNKNOWN
    found: Value = False
    for item in values:
        found = _either(found, _same(value, item))
    return found


def _same(one: Value, other: Value) -> Value:
    if isinstance(one, Open) or isinstance(other, Open):
        whole, opened = (other, one) if isinstance(one, Open) else (one, other)
        differs = isinstance(whole, str) and isinstance(opened, Open) and not whole.startswith(opened.prefix)
        return False if differs else UNKNOWN
    if isinstance(one, str | datetime | bool) and type(one) is type(other):
        return one == other
    return UNKNOWN


def _starts_with(text: str | Open, given: str) -> Value:
    if isinstance(text, str):
        return text.startswith(given)
    if text.prefix.startswith(given):
        return True
    # Of a folder inside, some of the names begin so.
    return UNKNOWN if given.startswith(text.prefix) else False


def _ends_with(text: str | Open, given: str) -> Value:
    return text.endswith(given) if isinstance(text, str) else UNKNOWN


def _contains(text: str | Open, given: str) -> Value:
    if isinstance(text, str):
        return given in text
    return True if given in text.prefix else UNKNOWN


def _extract(text: str | Open, template: str) -> Value:
    """Return the part of a text that stands for the braces of a template, empty if the template does not fit."""
    before, brace, rest = template.partition("{")
    _name, end, after = rest.partition("}")
    known = text.prefix if isinstance(text, Open) else text
    start = known.find(before) + len(before)
    stop = known.find(after, start) if after else -1
    if not brace or not end:
        return UNKNOWN
    if before in known and not after:
        return Open(known[start:]) if isinstance(text, Open) else known[start:]
    if before in known and stop >= 0:
        return known[start:stop]
    return UNKNOWN if isinstance(text, Open) else ""


_METHODS: Mapping[str, Callable[[str | Open, str], Value]] = {
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "contains": _contains,
    "extract": _extract,
}
