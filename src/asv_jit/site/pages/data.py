"""Data: how the site's files are read, field by field, from the types that write them; and a list of them all."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec
from markupsafe import Markup
from msgspec import Struct

from asv_jit.site.content import format as form
from asv_jit.site.content.slugs import slug
from asv_jit.site.data.files import SLICE
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame, Link
from asv_jit.text import units
from asv_jit.text.case_names import case_text

_FILES = {
    "CommitsData": "data/commits.js",
    "SuiteData": "data/suite.js",
    "CaseData": "data/<slug>.js",
    "SliceData": "data/commits-<n>.js",
}
_ANCHORS = {"CommitsData": "commits", "SuiteData": "suite", "CaseData": "case", "SliceData": "slices"}


class FieldLine(Struct, frozen=True):
    """One field: its name (its place, in an array), its type, what it means."""

    name: str
    kind: str
    text: Markup


class FormPart(Struct, frozen=True):
    """One kind of object; `file` is where it stands, empty for what is part of others."""

    name: str
    anchor: str
    file: str
    text: Markup
    fields: tuple[FieldLine, ...]


class DataPage(Struct, frozen=True):
    """`data.html`."""

    frame: Frame
    call: str
    version: str
    forms: tuple[FormPart, ...]
    parts: tuple[FormPart, ...]
    cases: tuple[Link, ...]
    slices: tuple[Link, ...]
    slice_count: str
    slice_size: str


def make(site: Publication) -> DataPage:
    """The page, which leads to every file."""
    cases = site.cases
    commits = len(site.content.table.commits)
    described = _parts()
    return DataPage(
        frame=site.frame("data.html", f"All results of {site.content.project}, as documented files."),
        call=form.CALL,
        version=str(form.VERSION),
        forms=tuple(described[kind.__name__] for kind in form.FORMS),
        parts=tuple(part for part in described.values() if not part.file),
        cases=tuple(Link(case_text(case), f"data/{slug(case)}.js") for case in sorted(cases)),
        slices=tuple(
            Link(f"data/commits-{number}.js", f"data/commits-{number}.js") for number in range(-(-commits // SLICE))
        ),
        slice_count=units.count(-(-commits // SLICE), "slice"),
        slice_size=units.count(SLICE, "commit"),
    )


def _marked(text: str) -> Markup:
    """A docstring's text, its `code` as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(text.split("`"))
    )


def _parts() -> dict[str, FormPart]:
    """Every type of the format, by name, as its schema and its docstring tell."""
    _, schemas = msgspec.json.schema_components(form.FORMS, ref_template="{name}")
    parts = {}
    for name in sorted(schemas):
        text = inspect.getdoc(getattr(form, name)) or ""
        fields = _fields(name, schemas[name])
        parts[name] = FormPart(name, _ANCHORS.get(name, name.lower()), _FILES.get(name, ""), _marked(text), fields)
    return parts


def _fields(name: str, schema: Mapping[str, Any]) -> tuple[FieldLine, ...]:
    if "properties" in schema:
        items = list(schema["properties"].items())
    else:
        names = [field.encode_name for field in msgspec.structs.fields(getattr(form, name))]
        items = [
            (f"{place}: {field_name}", kind)
            for place, (field_name, kind) in enumerate(zip(names, schema["prefixItems"], strict=True))
        ]
    return tuple(FieldLine(field_name, _kind(kind), _marked(kind.get("description", ""))) for field_name, kind in items)


def _kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "enum" in schema:
        return " or ".join(repr(option) for option in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(option) for option in schema["anyOf"]))
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_kind(option) for option in schema['prefixItems'])}]"
        return f"list of {_kind(schema['items'])}" if schema.get("items") else "list"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))
