"""The description of the interface: for programs (YAML) and for people (a page)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from ancrage.language import Language, Text
from ancrage_web.api.base import answer_conditionally
from ancrage_web.api.problems import TITLES
from ancrage_web.api.schema import TAG_NAMES, TAGS, build_schema, render_schema
from ancrage_web.api.wording import choose_language
from ancrage_web.design.words import say

_TYPES: dict[str, Text] = {
    "string": Text("text", "texte"),
    "integer": Text("whole number", "nombre entier"),
    "number": Text("number", "nombre"),
    "boolean": Text("true or false", "true ou false"),
    "object": Text("object", "objet"),
    "array": Text("list", "liste"),
    "null": Text("null", "null"),
    "uuid": Text("identifier (UUID)", "identifiant (UUID)"),
    "date-time": Text("date and time", "date et heure"),
    "uri": Text("address", "adresse"),
    "binary": Text("file", "fichier"),
}


@require_safe
def show_schema(request: HttpRequest) -> HttpResponseBase:
    """Give the OpenAPI description as YAML, in the language of Accept-Language."""
    language = choose_language(request.headers.get("Accept-Language", ""))
    with translation.override(language):
        content = render_schema(language)
    response = HttpResponse(content, content_type="application/yaml; charset=utf-8")
    response.headers["Content-Language"] = language
    patch_vary_headers(response, ("Accept-Language",))
    return answer_conditionally(request, response)


@require_safe
def show_reference(request: HttpRequest) -> HttpResponse:
    """Show the description as a page, in the language of `?lang=`, else of Accept-Language."""
    asked = request.GET.get("lang") or request.headers.get("Accept-Language", "")
    language = choose_language(asked)
    with translation.override(language):
        problems = [
            {"name": name, "status": status, "title": title, "detail": detail}
            for status, (name, title, detail) in TITLES.items()
        ]
        # The page has one address for both languages.
        other = f"{request.path}?lang={'fr' if language == 'en' else 'en'}"
        shown = {**build_reference(language), "problems": problems, "other_language_url": other}
        response = render(request, "api/reference.html", shown)
    response.headers["Content-Language"] = language
    patch_vary_headers(response, ("Accept-Language",))
    return response


@cache
def build_reference(language: Language) -> dict[str, Any]:
    """Return what the page shows: operations by tag and shapes; `language` must be that of the moment."""
    schema = build_schema(language)
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in TAGS}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_build_operation(path, method, operation))
    shapes = [
        {"name": name, "fields": _build_fields(shape)}
        for name, shape in schema["components"]["schemas"].items()
        if "properties" in shape
    ]
    return {
        "about": schema["info"]["description"],
        "groups": [
            {"name": name, "title": say(TAG_NAMES[name]), "about": say(TAGS[name]), "operations": rows}
            for name, rows in groups.items()
        ],
        "shapes": shapes,
    }


def _build_operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema")
    answers, refusals = [], []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            number = int(answer["$ref"].removeprefix("#/components/responses/Problem"))
            refusals.append({"status": status, "name": TITLES[number][0], "title": say(TITLES[number][1])})
            continue
        kinds: dict[str, Any] = answer.get("content", {})
        shown = [_say_type(kind["schema"]) for kind in kinds.values() if "schema" in kind]
        answers.append({"status": status, "type": shown[0] if shown else None})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        # In steps, so that a narrow screen may cut it.
        "steps": re.findall("[^/]*/|[^/]+$", path),
        "summary": operation.get("summary", ""),
        "about": operation.get("description", ""),
        "public": {} in operation.get("security", ()),
        "parameters": [
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "needed": parameter.get("required", False),
                "type": _say_type(parameter["schema"]),
                "about": parameter.get("description", ""),
            }
            for parameter in operation.get("parameters", ())
        ],
        "body": None if body is None else _say_type(body),
        "answers": answers,
        "refusals": refusals,
    }


def _build_fields(shape: Mapping[str, Any]) -> list[dict[str, Any]]:
    needed = shape.get("required", ())
    return [
        {
            "name": name,
            "needed": name in needed,
            "type": _say_type(field),
            "about": field.get("description", ""),
        }
        for name, field in shape["properties"].items()
    ]


def _say_type(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return a type in words, and the shape that it links to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"text": name, "shape": name}
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return _say_type(schema["allOf"][0])
    if "oneOf" in schema or "anyOf" in schema:
        parts = [_say_type(part) for part in schema.get("oneOf", schema.get("anyOf", ()))]
        shape = next((part["shape"] for part in parts if part["shape"]), "")
        return {"text": say(Text(" or ", " ou ")).join(part["text"] for part in parts), "shape": shape}
    if "enum" in schema:
        return {"text": ", ".join("null" if value is None else str(value) for value in schema["enum"]), "shape": ""}
    if "const" in schema:
        return {"text": str(schema["const"]), "shape": ""}
    kinds = schema.get("type", "object")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds[0] == "array":
        inner = _say_type(schema.get("items", {}))
        return {"text": say(Text("list: {}", "liste : {}")).format(inner["text"]), "shape": inner["shape"]}
    named = schema.get("format", "")
    words = [say(_TYPES[named if named in _TYPES and kind != "null" else kind]) for kind in kinds]
    bounds = "–".join(str(schema[bound]) for bound in ("minimum", "maximum") if bound in schema)
    text = say(Text(" or ", " ou ")).join(words)
    return {"text": f"{text} ({bounds})" if "–" in bounds else text, "shape": ""}
