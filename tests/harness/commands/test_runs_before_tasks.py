"""Runs that were made when every experiment was on pictures say nothing of a task: they are read as they were."""

import json

from harness.cli.main import main
from harness.documents.manifest import Manifest
from tests.rig.run_watch import comparison


def without_tasks(folder):
    """The run folder as it was written before: no task, no nouns, no notes in the gallery."""
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["experiment"]["data"].pop("task") == "image_to_image"
    (folder / "run.json").write_text(json.dumps(manifest))
    result = json.loads((folder / "comparison.json").read_text())
    assert result.pop("item_noun") == "image"
    assert result.pop("gallery_has_pictures") is True
    for device in result["devices"]:
        for item in device["gallery"]:
            assert item.pop("notes") == []
    (folder / "comparison.json").write_text(json.dumps(result))


def test_a_run_without_a_task_is_reported_and_analysed_as_one_on_images(finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    before = {name: (folder / name).read_bytes() for name in ("comparison.json", "report.html")}
    without_tasks(folder)
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_bytes() == before["report.html"]
    assert main(["analyze", str(folder)]) == 0
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert comparison(folder).item_noun == "image"
    manifest = Manifest.model_validate_json((folder / "run.json").read_bytes())
    assert manifest.experiment.task.name == "image_to_image"


def test_run_json_says_of_an_arm_s_tensors_what_it_said(finished_run):
    """The task of a table follows from `data.task`; it is not written beside every table."""
    experiment = json.loads((finished_run.folder / "run.json").read_text())["experiment"]
    tensor = experiment["data"]["tensor"]
    assert {key: value for key, value in tensor.items() if value is not None} == {
        "layout": "auto", "color": "auto", "range": [0.0, 1.0],
    }  # fmt: skip
    assert {arm["tensor"] for arm in experiment["arms"]} == {None}
