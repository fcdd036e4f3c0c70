"""The description of the interface (OpenAPI 3.1), in the language of the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.serializers import BaseSerializer, Serializer

from ancrage.language import Language, Text
from ancrage_web.api.problems import MEDIA_TYPE, TITLES
from ancrage_web.api.wording import describe
from ancrage_web.design.words import say

F = TypeVar("F", bound=Callable[..., Any])
Answer = type[BaseSerializer[Any]] | BaseSerializer[Any] | None

TAG_NAMES: dict[str, Text] = {
    "territories": Text("Territories", "Territoires"),
    "studies": Text("Studies", "Études"),
    "runs": Text("Computations", "Calculs"),
    "results": Text("Results", "Résultats"),
}
TAGS: dict[str, Text] = {
    "territories": Text(
        "Territories, their indicators and their sources. Open to all, no token needed.",
        "Territoires, indicateurs et sources. Ouvert à tous, sans jeton.",
    ),
    "studies": Text(
        "Studies and scenarios of the organisation of the token.",
        "Études et scénarios de l'organisation du jeton.",
    ),
    "runs": Text("Computations in the background.", "Calculs en arrière-plan."),
    "results": Text("Frozen results and their files.", "Résultats figés et leurs fichiers."),
}
_DESCRIPTION = Text(
    "The planning site for programs: the same services, rules and figures as its pages. Texts and numbers in words "
    "come in the language of Accept-Language (fr by default, or en). Errors are problem details (RFC 9457). Answers "
    "to GET carry an ETag: send it back in If-None-Match to get 304 when nothing changed. Requests are counted by "
    "minute (429 with Retry-After beyond). Pages of other sites cannot call it from a browser (CORS is not enabled).",
    "Le site de planification pour les programmes : mêmes services, mêmes règles et mêmes chiffres que ses pages. "
    "Textes et nombres en toutes lettres sont dans la langue d'Accept-Language (fr par défaut, ou en). Les erreurs "
    "sont des « problem details » (RFC 9457). Les réponses à GET portent un ETag : renvoyez-le dans If-None-Match "
    "pour recevoir 304 si rien n'a changé. Les requêtes sont comptées par minute (429 avec Retry-After au-delà). Les "
    "pages d'autres sites ne peuvent pas l'appeler depuis un navigateur (CORS n'est pas activé).",
)
_TOKEN = Text(
    "Token of an organisation, made by its administrator on the page “Access tokens”.",
    "Jeton d'une organisation, créé par son administrateur sur la page « Jetons d'accès ».",
)
_NOT_MODIFIED = Text("Nothing changed since the ETag sent.", "Rien n'a changé depuis l'ETag envoyé.")
_ETAG = Text("Version of the answer.", "Version de la réponse.")
# Parts of addresses, by name.
_PARTS: dict[str, Text] = {
    "code": Text("SIREN of the EPCI, or INSEE code of the commune.", "SIREN de l'EPCI, ou code INSEE de la commune."),
    "study": Text("Identifier of the study.", "Identifiant de l'étude."),
    "scenario": Text("Identifier of the scenario.", "Identifiant du scénario."),
    "run": Text("Identifier of the computation.", "Identifiant du calcul."),
    "result": Text("Identifier of the result.", "Identifiant du résultat."),
    "language": Text("Language of the file.", "Langue du fichier."),
    "name": Text("Name of the file, as the result lists it.", "Nom du fichier, tel que le résultat le liste."),
}
# What any operation may answer: a token that opens nothing, a format that is not given, too many requests.
_ALWAYS = (401, 406, 429)


def document(
    name: str,
    tag: str,
    summary: tuple[str, str],
    *,
    answers: Mapping[Any, Any],
    refuses: Sequence[int] = (),
    description: tuple[str, str] = ("", ""),
    request: Answer = None,
    query: Sequence[OpenApiParameter | type[Serializer[Any]]] = (),
    public: bool = False,
) -> Callable[[F], F]:
    """Describe an operation for the schema.

    Parameters
    ----------
    name : its identifier; tag : key of `TAGS`; summary, description : in English and in French.
    answers : by status, or by (status, media type); refuses : statuses of its problems, besides those of any operation.
    public : whether it answers without a token.
    """
    return extend_schema(
        operation_id=name,
        tags=[tag],
        summary=describe(*summary),
        description=describe(*description) if description[0] else "",
        responses=dict(answers),
        request=request,
        parameters=list(query),
        auth=[{}, {"token": []}] if public else [{"token": []}],  # type: ignore[list-item]
        extensions={"x-problems": sorted({*refuses, *_ALWAYS})},
    )


def list_endpoints(endpoints: Sequence[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep the operations of this interface (other packages bring views of their own)."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def complete_schema(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what every operation shares: problems, ETag, 304, texts about the whole."""
    result["info"]["description"] = say(_DESCRIPTION)
    result["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    result["tags"] = [{"name": name, "description": say(text)} for name, text in TAGS.items()]
    components = result.setdefault("components", {})
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "anc_…", "description": say(_TOKEN)}
    }
    components.setdefault("schemas", {})["Problem"] = _build_problem_schema()
    components["responses"] = {f"Problem{status}": _build_problem_answer(status) for status in TITLES if status != 500}
    for path in result["paths"].values():
        for method, operation in path.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["description"] = say(_PARTS[parameter["name"]])
            for status in operation.pop("x-problems", ()):
                operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
            if method == "get":
                operation["responses"]["200"]["headers"] = {
                    "ETag": {"schema": {"type": "string"}, "description": say(_ETAG)}
                }
                operation["responses"]["304"] = {"description": say(_NOT_MODIFIED)}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


@cache
def build_schema(language: Language) -> dict[str, Any]:
    """Return the whole description; the language of the moment must be `language`, which is the key of the store."""
    del language
    built: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return built


@cache
def render_schema(language: Language) -> bytes:
    """Return the description as YAML."""
    rendered: bytes = OpenApiYamlRenderer().render(build_schema(language), renderer_context={})  # type: ignore[no-untyped-call]
    return rendered


def _build_problem_schema() -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {"type": "string", "description": say(Text("Where: #/field.", "Où : #/champ."))},
            "detail": {"type": "string"},
        },
    }
    return {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": error},
            "incident": {"type": "string"},
            "saved": {
                "type": "object",
                "additionalProperties": {},
                "description": say(Text("With 412: what is saved now.", "Avec 412 : ce qui est enregistré.")),
            },
            "changes": {
                "type": "array",
                "description": say(Text("With 412: the fields that differ.", "Avec 412 : les champs qui diffèrent.")),
                "items": {
                    "type": "object",
                    "required": ["field", "theirs", "yours"],
                    "properties": {"field": {"type": "string"}, "theirs": {}, "yours": {}},
                },
            },
        },
    }


def _build_problem_answer(status: int) -> dict[str, Any]:
    _, title, detail = TITLES[status]
    return {
        "description": f"{say(title)}. {say(detail)}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
