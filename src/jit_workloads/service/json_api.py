"""A JSON API: bodies validated by Marshmallow, computed on, and serialised again."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

__all__ = ["handle", "json_api_requests"]


class _Customer(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=40))
    email = fields.Email(required=True)


class _Line(Schema):
    product = fields.String(required=True, validate=validate.Regexp(r"^p\d+$"))
    count = fields.Integer(required=True, validate=validate.Range(min=1, max=99))
    cents = fields.Integer(required=True, validate=validate.Range(min=0))


class _Order(Schema):
    customer = fields.Nested(_Customer, required=True)
    lines = fields.List(fields.Nested(_Line), required=True, validate=validate.Length(min=1))
    express = fields.Boolean(load_default=False)
    placed = fields.Date(required=True)

    @validates_schema
    def _affordable(self, data: dict[str, Any], **_options: object) -> None:
        if _total(data) > 50_000:
            raise ValidationError("too much for one order", "lines")


class _Receipt(Schema):
    customer = fields.String()
    total = fields.Integer()
    placed = fields.Date()
    express = fields.Boolean()


_order = _Order()
_receipt = _Receipt()


def _total(order: dict[str, Any]) -> int:
    return sum([line["count"] * line["cents"] for line in order["lines"]])


def _body(number: int) -> bytes:
    """The order of this number: every sixth is malformed, and some cost too much."""
    order: dict[str, object] = {
        "customer": {"name": f"Customer {number}", "email": f"c{number}@example.org"},
        "lines": [
            {"product": f"p{line}", "count": 1 + (number + line) % 20, "cents": 997 * line + number % 500}
            for line in range(3)
        ],
        "placed": f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "express": number % 3 == 0,
    }
    if number % 6 == 5:
        order["lines"] = [{"product": "screws", "count": 0}]
    return json.dumps(order).encode()


def handle(number: int) -> int:
    """Answer the order of this number with a receipt or with what is wrong with it; a checksum of the answer."""
    try:
        order = _order.load(json.loads(_body(number)))
    except ValidationError as problem:
        status, answer = 422, {"errors": problem.messages}
    else:
        receipt = {
            "customer": order["customer"]["name"],
            "total": _total(order) + 500 * order["express"],
            "placed": order["placed"],
            "express": order["express"],
        }
        status, answer = 200, _receipt.dump(receipt)
    return crc32(json.dumps(answer, sort_keys=True).encode(), status)


def json_api_requests(count: int = 10_000) -> int:
    """Answer `count` orders; the sum of their checksums.

    Stresses: validation by objects that describe the data: dispatch over types, closures, exceptions for errors.
    Claim: code that is all Python gains once it is warm, although no loop in it is long.
    """
    total = 0
    for number in range(count):
        total += handle(number)
    return total
