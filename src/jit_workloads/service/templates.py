"""Pages rendered by Jinja2."""

from __future__ import annotations

from functools import cache
from zlib import crc32

from jinja2 import DictLoader, Environment, Template

__all__ = ["handle", "template_pages"]

BASE = """<!doctype html>
<title>{% block title %}{% endblock %}</title>
<nav>{% for name in menu %}<a href="/{{ name }}"{% if name == here %} class="here"{% endif %}>{{ name|title }}</a>
{% endfor %}</nav>
<main>{% block main %}{% endblock %}</main>
"""

PRODUCTS = """{% extends "base.html" %}
{% macro price(cents) %}<b>{{ "%.2f"|format(cents / 100) }}</b>{% endmacro %}
{% block title %}Page {{ page }}{% endblock %}
{% block main %}<table>
{% for product in products %}<tr class="{{ loop.cycle("odd", "even") }}">
<td>{{ loop.index }}</td><td>{{ product.name|upper }}</td><td>{{ price(product.cents) }}</td>
<td>{% if product.stock > 5 %}in stock{% elif product.stock %}last {{ product.stock }}
{%- else %}<i>none</i>{% endif %}</td><td>{{ product.tags|sort|join(", ") }}</td></tr>
{% endfor %}</table>{{ products|sum("cents") }}{% endblock %}
"""


@cache
def _page() -> Template:
    environment = Environment(loader=DictLoader({"base.html": BASE, "products.html": PRODUCTS}), autoescape=True)
    return environment.get_template("products.html")


def handle(number: int) -> int:
    """Render the page of this number, a table of six products; the CRC-32 of the text."""
    products = [
        {
            "name": f"Nuts & bolts <{place}>",
            "cents": number * 37 % 1000 + place,
            "stock": (number + place) % 9,
            "tags": ["steel", f"m{place}", "new"],
        }
        for place in range(6)
    ]
    text = _page().render(page=number, here="products", menu=["home", "products", "about"], products=products)
    return crc32(text.encode())


def template_pages(count: int = 10_000) -> int:
    """Render `count` pages; the sum of their checksums.

    Stresses: the Python code that Jinja2 makes from a template: generators, escaping, lookups by name, filters.
    Claim: generated code gains as written code does, if it is hot.
    """
    total = 0
    for number in range(count):
        total += handle(number)
    return total
