# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of Google's Common Expression Language that conditions of grants are written in."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .values import METHODS, UNKNOWN, Open, Value, compared, either, moment, negated, truth_of

_TIMESTAMP = re.compile(r"""\btimestamp\s*\(\s*(["'])([^"'\\]{1,64})\1\s*\)""")
# Google's own limits are far below; what goes beyond is not read.
LONGEST, DEEPEST = 20_000, 50


class NotUnderstoodError(Exception):
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
            raise NotUnderstoodError
        place = match.end()
        if match.lastgroup != "space":
            yield str(match.lastgroup), match[0]
    yield "end", ""


class ExpressionReader:
    """Reads an expression and works out what it comes to, in one go.

    Everything is read, also what the result does not depend on: an expression with a fault anywhere is not understood.
    """

    def __init__(self, expression: str, asked: Asked) -> None:
        if len(expression) > LONGEST:
            raise NotUnderstoodError
        self._tokens = list(_tokens(expression))
        self._place = 0
        self._depth = 0
        self._asked = asked

    def value(self) -> Value:
        """Return what the whole expression comes to."""
        value = self._choice()
        if self._kind != "end":
            raise NotUnderstoodError
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
            raise NotUnderstoodError

    def _choice(self) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstoodError
        value = self._any()
        if self._skip("?"):
            first = self._choice()
            self._expect(":")
            second = self._choice()
            truth = truth_of(value)
            value = UNKNOWN if truth is None and first != second else first if truth is not False else second
        self._depth -= 1
        return value

    def _any(self) -> Value:
        value = self._all()
        while self._skip("||"):
            value = either(value, self._all())
        return value

    def _all(self) -> Value:
        value = self._comparison()
        while self._skip("&&"):
            value = negated(either(negated(value), negated(self._comparison())))
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        while self._text in _COMPARISONS:
            sign = self._take()
            value = compared(sign, value, self._sum())
        return value

    def _sum(self) -> Value:
        value = self._unary()
        while self._text in _ARITHMETIC:
            self._take()
            self._unary()
            value = UNKNOWN
        return value

    def _unary(self) -> Value:
        is_negated, is_number = False, False
        while self._text in ("!", "-"):
            sign = self._take()
            is_negated, is_number = is_negated ^ (sign == "!"), is_number or sign == "-"
        value = self._member()
        return UNKNOWN if is_number else negated(value) if is_negated else value

    def _member(self) -> Value:
        name, value = self._primary()
        while self._text in (".", "["):
            if self._take() == "[":
                self._choice()
                self._expect("]")
                name, value = "", UNKNOWN
                continue
            if self._kind != "word":
                raise NotUnderstoodError
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
        raise NotUnderstoodError

    def _word(self) -> tuple[str, Value]:
        word = self._take()
        if word in ("true", "false"):
            return "", word == "true"
        if self._skip("("):
            arguments = self._listed(")")
            first = arguments[0] if len(arguments) == 1 else UNKNOWN
            return "", moment(first) if word == "timestamp" and isinstance(first, str) else UNKNOWN
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
        function = METHODS.get(method)
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
        raise NotUnderstoodError
    return chr(number)


SERVICE = "storage.googleapis.com"


LIST_PREFIX = "storage.googleapis.com/objectListPrefix"


@dataclass(frozen=True)
class Asked:
    """What Google is asked for, as a condition sees it. ``list_prefix``: of a listing; None for everything else."""

    name: str | Open
    type: str
    now: datetime
    list_prefix: str | None = None
