"""Super-resolution is one task among several: the rest of the house has no word of it, but for what is listed here."""

import ast
import re
from pathlib import Path

import pytest

from harness.tasks.names import TASK_NAMES

REPOSITORY = Path(__file__).parents[3]
SUFFIXES = {".py", ".j2", ".sh", ".c", ".h"}
OF_PICTURES = re.compile(
    r"imag(e|es)|pictures?|lumas?|chromas?|bicubic\w*|psnr|lpips|ssim|super-?resolution", re.IGNORECASE
)
"""Within words too, between capitals and underscores: `baseline_image`, `ImageEmbedder`, `psnr_y`."""
OF_ONE_TASK = re.compile(rf"harness\.tasks\.({'|'.join(TASK_NAMES)}|image_\w+|model_input)\b")

THE_TASKS = "harness/tasks/"
EXCEPTIONS = {
    "harness/analysis/gallery.py": "the fields of comparison.json for files that a task drew",
    "harness/analysis/compare.py": "the field of comparison.json that says whether a task draws",
    "harness/documents/comparison.py": "fields from before there were tasks, and what files without a noun are of",
    "reports/private_words.py": "what files are called, and names of hosts that tell nothing",
    "reports/shared_copy.py": "where those files lie",
    "reports/page.py": "PNG files of the gallery, where comparison.json names some",
    "reports/html.py": "the same",
    "reports/embedded_images.py": "the same",
    "reports/made_smaller.py": "the same",
    "reports/small_files.py": "the media type of small files that a page carries",
    "reports/templates/report.html.j2": "whether there are any",
    "reports/templates/viewer.html.j2": "what its stage is called for those who cannot see it",
    "reports/templates/gallery.html.j2": "the same",
    "harness/cli/history.py": "a chart in a file of its own, and a quantity as an example",
    "reports/history/course.py": "a chart in a file of its own",
    "reports/history/picture.py": "the same",
    "harness/experiment/declaration.py": "asks a task whether it draws, before people are asked",
    "harness/commands/recompute.py": "asks a task whether it draws, before a page for votes is written",
    "reports/templates/blind_look.html.j2": "whether there are any",
    "harness/cli/votes.py": "a blind look is of what a task draws, and of nothing else",
    "harness/commands/votes/draw_pairs.py": "the same",
    "harness/commands/votes/make_page.py": "the same",
    "harness/commands/votes/read_votes.py": "the same",
    "harness/commands/votes/tell_votes.py": "the same",
    "harness/commands/votes/votes_by_device.py": "the same",
    "harness/documents/ballot.py": "the same",
    "harness/documents/vote.py": "the same",
    "reports/vote_page.py": "the same",
    "reports/templates/vote.html.j2": "the same",
    "devices/readings/sbc_bench.py": "another program's word for what the firmware says of throttling",
}


def sources() -> list[Path]:
    """What people wrote of the harness, the devices and the reports, outside the tasks."""
    return sorted(
        path
        for folder in ("harness", "devices", "reports", "adb_scripts")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in SUFFIXES and not named(path).startswith(THE_TASKS)
    )


def named(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def words_of_pictures(text: str) -> list[str]:
    pieces = re.split(r"[^A-Za-z-]+|(?<=[a-z])(?=[A-Z])", text)
    return [piece for piece in pieces if OF_PICTURES.fullmatch(piece)]


def test_no_word_of_pictures_stands_outside_their_task():
    found = {named(path): words for path in sources() if (words := words_of_pictures(path.read_text(encoding="utf-8")))}
    strange = {name: sorted(set(words)) for name, words in found.items() if name not in EXCEPTIONS}
    assert not strange
    assert set(EXCEPTIONS) <= set(found), "an exception that is none any more"


def test_only_the_registry_knows_which_tasks_there_are():
    for path in sources():
        if path.suffix == ".py":
            imported = [
                each.module or ""
                for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(each, ast.ImportFrom)
            ]
            assert not [module for module in imported if OF_ONE_TASK.match(module)], named(path)


@pytest.mark.parametrize("task", TASK_NAMES)
def test_a_task_knows_no_other(task):
    others = set(TASK_NAMES) - {task} - ({"image_to_image"} if task == "sequence" else set())  # frames are pictures
    for path in (REPOSITORY / THE_TASKS / task).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for other in others:
            assert f"harness.tasks.{other}" not in text, named(path)


def test_the_words_are_found_where_they_hide():
    assert words_of_pictures("baseline_image ImageEmbedder psnr_y 'pictures' LPIPS") == [
        "image", "Image", "psnr", "pictures", "LPIPS",
    ]  # fmt: skip
    assert words_of_pictures("imagine pictured imaginary") == []
