"""A page as an HTML5 parser reads it: elements, and the text that people see."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import html5lib

HIDDEN = {"style", "script", "title", "desc", "template"}


def parse(page: str) -> ET.Element:
    """The tree. Raises where the page is not well-formed HTML5."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def elements(tree: ET.Element, name: str) -> list[ET.Element]:
    """All elements of this name, also inside of SVG."""
    return [element for element in tree.iter() if local_name(element) == name]


def local_name(element: ET.Element) -> str:
    """The tag without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def by_class(tree: ET.Element, name: str) -> list[ET.Element]:
    """All elements of a class."""
    return [element for element in tree.iter() if name in element.get("class", "").split()]


def by_id(tree: ET.Element, name: str) -> ET.Element:
    """The element with this id."""
    return next(element for element in tree.iter() if element.get("id") == name)


def seen_text(element: ET.Element, *, figures: bool = False) -> str:
    """The text of an element with white space collapsed; that of its figures only on request."""
    return " ".join("".join(_pieces(element, figures=figures)).replace("\u00a0", " ").split())


def _pieces(element: ET.Element, *, figures: bool) -> Iterator[str]:
    if local_name(element) in HIDDEN or (local_name(element) == "svg" and not figures):
        return
    yield element.text or ""
    for child in element:
        yield " " if local_name(child) in {"td", "th", "li", "p", "dd", "dt", "br", "div", "span"} else ""
        yield from _pieces(child, figures=figures)
        yield child.tail or ""
