"""The JSON Schemas that are exported say what the files really hold."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from harness.cli.main import main
from harness.cli.schema import NAMES, schema_of
from harness.documents.schemas import json_schema

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema_and_is_printed(name, capsys):
    assert main(["schema", name]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == schema_of(name)
    jsonschema.Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_fit_the_schema_of_experiments(path):
    jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), json_schema("experiment"))


def test_an_editor_is_told_of_a_key_that_does_not_exist():
    table = tomllib.loads(EXAMPLES[0].read_text(encoding="utf-8"))
    table["data"]["scael"] = 2
    with pytest.raises(jsonschema.ValidationError, match="scael"):
        jsonschema.validate(table, json_schema("experiment"))
