"""Words and numbers in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.core.paginator import Page
from django.template import library
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ancrage.language import Text, format_number
from ancrage_web.design import words
from ancrage_web.design.keeping import Parts

register = template.Library()


@register.simple_tag(name="say")
def say_pair(fr: str, en: str, **values: Any) -> str | SafeString:
    """Return one of two sentences; `{name}` in them is replaced by the value of that name, escaped.

    Usage: `{% say "Bonjour {name}" "Hello {name}" name=user.name %}`, or `... as title`.
    """
    text = words.say(Text(en, fr))
    return format_html(text, **values) if values else text


_read_any = register.tags["say"]


class FixedSentence(Node):
    """Two sentences without values, by far the most frequent: nothing is left to resolve when a page is made."""

    def __init__(self, fr: str, en: str, target: str | None) -> None:
        self.fr = fr
        self.en = en
        self.target = target

    def render(self, context: template.Context) -> SafeString:
        """Return one of them, or set the variable that the template names."""
        # What a template quotes is safe, as Django has it.
        text = mark_safe(self.fr if words.get_site_language() == "fr" else self.en)  # noqa: S308
        if self.target is None:
            return text
        context[self.target] = text
        return SafeString("")


@register.tag(name="say")
def read_pair(parser: Parser, token: Token) -> Node:
    """Return the node of `{% say %}`."""
    node = _read_any(parser, token)
    assert isinstance(node, library.SimpleNode)
    if node.kwargs or not all(_is_quoted(each) for each in node.args):
        return node
    fr, en = (each.var for each in node.args)
    return FixedSentence(fr, en, node.target_var)


def _is_quoted(expression: FilterExpression) -> bool:
    return isinstance(expression.var, str) and not expression.filters


class KeptNode(Node):
    """A part of a page that is rendered once (design/keeping.py)."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        """Return the part as it was rendered before, where the view keeps it."""
        parts = context.get("kept_parts")
        if not isinstance(parts, Parts):
            return self.nodelist.render(context)
        # It was rendered as a template is, with its values escaped.
        return mark_safe(parts.read(self.name, lambda: self.nodelist.render(context)))  # noqa: S308


@register.tag(name="kept")
def read_kept(parser: Parser, token: Token) -> KeptNode:
    """Return the node of `{% kept "name" %}...{% endkept %}`; a name is used once in a page."""
    _, name = token.split_contents()
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(name.strip("\"'"), nodelist)


@register.filter(name="said")
def say_text(text: Text | Mapping[str, str] | None) -> str:
    """Return a stored or built text in the language of the page; nothing for None."""
    return "" if text is None else words.say(text)


@register.filter(name="number")
def write_number(value: float | None, decimals: int = 0) -> str:
    """Return a number as the language of the page writes it; an en dash for None."""
    return format_number(None if value is None else float(value), decimals, words.get_site_language())


@register.filter(name="nearby_pages")
def list_nearby_pages(page: Page[Any]) -> list[int | str]:
    """Return the numbers of the pages to offer around one: first, last, neighbours, and an ellipsis between."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))
