"""Opens comparison.json, or says what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from harness.documents.comparison import COMPARISON_SCHEMA, Comparison
from harness.errors import UserError


class UnreadableComparisonError(UserError):
    """A comparison.json that is not there, is cut short, or is of another schema."""


def open_comparison(path: Path) -> Comparison:
    """The comparison in `path`: a comparison.json, or the folder of a run that holds one.

    Raises `UnreadableComparisonError`, which names the file, the fault and what to do next.
    """
    file = path / "comparison.json" if path.is_dir() else path
    again = f"write it again with `bakeoff analyze {file.parent}`"
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        remedy = f"a run that has been measured is analysed with `bakeoff analyze {file.parent}`"
        raise UnreadableComparisonError(f"{file} is not there", remedy) from None
    except OSError as error:
        raise UnreadableComparisonError(f"{file} cannot be read: {error.strerror}", "check its permissions") from None
    try:
        document = json.loads(content)
    except RecursionError:
        raise UnreadableComparisonError(f"{file} is no comparison: it is nested too deep", again) from None
    except UnicodeDecodeError as error:
        raise UnreadableComparisonError(f"{file} is not UTF-8 text: byte {error.start} is foreign", again) from None
    except json.JSONDecodeError as error:
        text = content.decode().rstrip()
        in_a_word = any(word.startswith(text[error.pos :]) for word in ("true", "false", "null", "NaN", "Infinity"))
        cut = error.pos >= len(text) - 1 or in_a_word or error.msg.startswith("Unterminated")
        fault = "is cut short" if cut else "is not JSON"
        what = f"{file} {fault}: {error.msg} at line {error.lineno}, column {error.colno}"
        raise UnreadableComparisonError(what, again) from None
    except ValueError:
        raise UnreadableComparisonError(f"{file} is no comparison: a number in it has too many digits", again) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != COMPARISON_SCHEMA:
        found = "names no schema" if schema is None else f"is of the schema {schema!r}"
        remedy = f"this bakeoff reads {COMPARISON_SCHEMA!r}; {again}, or use the bakeoff that wrote it"
        raise UnreadableComparisonError(f"{file} {found}", remedy)
    try:
        return Comparison.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise UnreadableComparisonError(f"{file} is not a comparison: {place}: {first['msg']}{more}", again) from None
