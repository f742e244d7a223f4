"""An attribute's docstring is a sentence that can be read by itself: it begins with what the attribute is."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
WITHOUT_A_SUBJECT = {"Of", "As", "Or", "In"}
"""Words that lean on the attribute's name."""


def attribute_docstrings(path: Path) -> list[str]:
    """The texts that stand right below assignments of a module or a class."""
    texts = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        for one, after in itertools.pairwise(body if isinstance(body, list) else []):
            if (
                isinstance(one, (ast.Assign, ast.AnnAssign))
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                texts.append(after.value.value)
    return texts


def test_attributes_are_told_in_sentences_with_a_subject() -> None:
    found = {
        f"{path.relative_to(REPOSITORY)}: {text[:60]}"
        for folder in ("harness", "devices", "metrics", "reports")
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
        for text in attribute_docstrings(path)
        if text.split()[0] in WITHOUT_A_SUBJECT
    }
    assert found == set()
