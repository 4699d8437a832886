"""A tokenizer, a recursive-descent parser and an evaluator of arithmetic, in Python throughout."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from jit_workloads.draws import below, generator, one_of

__all__ = ["evaluate_on", "expressions", "random_program"]

MODULUS = 1_000_003
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "%": 2}
NAMES = ("alpha", "beta", "gamma", "delta")


@dataclass(slots=True)
class _Number:
    value: int

    def evaluate(self, names: dict[str, int]) -> int:
        return self.value


@dataclass(slots=True)
class _Name:
    name: str

    def evaluate(self, names: dict[str, int]) -> int:
        return names[self.name]


@dataclass(slots=True)
class _Negated:
    operand: _Node

    def evaluate(self, names: dict[str, int]) -> int:
        return -self.operand.evaluate(names)


@dataclass(slots=True)
class _Operation:
    operator: str
    left: _Node
    right: _Node

    def evaluate(self, names: dict[str, int]) -> int:
        left = self.left.evaluate(names)
        right = self.right.evaluate(names)
        if self.operator == "+":
            return left + right
        if self.operator == "-":
            return left - right
        if self.operator == "*":
            return left * right
        return left % (right or 1)


_Node = _Number | _Name | _Negated | _Operation


def _tokens(text: str) -> list[str]:
    """Numbers, names and single signs of `text`, found letter by letter."""
    found = []
    place = 0
    while place < len(text):
        letter = text[place]
        end = place + 1
        if letter.isdigit():
            while end < len(text) and text[end].isdigit():
                end += 1
        elif letter.isalpha():
            while end < len(text) and text[end].isalnum():
                end += 1
        if letter != " ":
            found.append(text[place:end])
        place = end
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def expression(self, binding: int = 0) -> _Node:
        """Operators that bind more tightly than `binding`, by precedence climbing."""
        left = self.primary()
        while PRECEDENCE.get(self.peek(), 0) > binding:
            operator = self.take()
            left = _Operation(operator, left, self.expression(PRECEDENCE[operator]))
        return left

    def primary(self) -> _Node:
        sign = self.take()
        if sign == "(":
            inner = self.expression()
            self.take()  # the closing bracket
            return inner
        if sign == "-":
            return _Negated(self.primary())
        return _Number(int(sign)) if sign.isdigit() else _Name(sign)


def _random_expression(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return str(below(rng, 1000)) if rng.random() < 0.6 else one_of(rng, NAMES)
    left = _random_expression(rng, depth - 1)
    right = _random_expression(rng, depth - 1)
    inner = f"{left} {one_of(rng, '+-*%')} {right}"
    return f"-({inner})" if rng.random() < 0.1 else f"({inner})" if rng.random() < 0.5 else inner


def random_program(lines: int, seed: int) -> list[str]:
    """`lines` random expressions of some ten operators each."""
    rng = generator(seed)
    return [_random_expression(rng, 4) for _line in range(lines)]


def evaluate_on(program: list[str]) -> int:
    """Parse and evaluate each line, feeding its value back into a name; the sum of the values.

    Stresses: methods calling each other recursively, attributes, dispatch over four classes, comparison of short
    strings. Claim: real programs of many small methods gain, less than a numeric loop does.
    """
    names = {name: number + 2 for number, name in enumerate(NAMES)}
    total = 0
    for number, line in enumerate(program):
        value = _Parser(_tokens(line)).expression().evaluate(names) % MODULUS
        names[NAMES[number % len(NAMES)]] = value
        total += value
    return total


def expressions(lines: int = 2000, seed: int = 7) -> int:
    """Make a random program and evaluate it; the sum of the values of its lines."""
    return evaluate_on(random_program(lines, seed))
