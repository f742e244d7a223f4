"""A model is taken from a real repository by a real git: the right commit, the right bytes, and nothing that is run."""

import os
import shutil
import subprocess

import pytest

from harness.errors import UserError
from harness.nightly.git import models
from harness.nightly.git.command import GitFolder
from harness.nightly.git.models import commits_between, find_model, is_path_in_repository, is_ref, model_file
from harness.nightly.git.repository import open_repository, shown_repository
from tests.rig.git_repository import GitRepository, missing_parts

pytestmark = pytest.mark.skipif(missing_parts() is not None, reason=str(missing_parts()))
needs_lfs = pytest.mark.skipif(missing_parts(lfs=True) is not None, reason=str(missing_parts(lfs=True)))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def repository(tmp_path):
    made = GitRepository(tmp_path / "models")
    made.commit("the first", net__model_onnx=b"one")
    made.git("tag", "v1")
    return made


def opened(repository, *, fetch=False) -> GitFolder:
    return open_repository(str(repository.folder), repository.folder.parent, fetch=fetch)


def test_the_commit_is_the_last_that_touched_the_model(repository):
    pruned = repository.commit("prune the tail\n\nBecause it is long.", net__model_onnx=b"two")
    repository.commit("only words", readme=b"words")
    found = find_model(opened(repository), "candidate", "main", "net/model.onnx")
    assert (found.sha, found.message, found.author, found.ref) == (pruned, "prune the tail", "Ada", "main")
    assert found.committed_at[:2] == "20"
    kept = model_file(opened(repository), found, fetch=False)
    assert (kept.name, kept.read_bytes()) == ("model.onnx", b"two")


def test_a_file_in_the_cache_that_was_changed_is_taken_anew(repository):
    found = find_model(opened(repository), "candidate", "v1", "net/model.onnx")
    kept = model_file(opened(repository), found, fetch=False)
    kept.write_bytes(b"oops")
    assert model_file(opened(repository), found, fetch=False).read_bytes() == b"one"
    assert [each.name for each in kept.parent.iterdir()] == ["model.onnx"]


def test_a_range_has_the_commits_that_touched_the_model_oldest_first(repository):
    second = repository.commit("two", net__model_onnx=b"two")
    repository.commit("words", readme=b"words")
    third = repository.commit("three\twith “signs”", net__model_onnx=b"three")
    found = commits_between(opened(repository), "candidate", "v1", "main", "net/model.onnx")
    assert [each.sha for each in found] == [second, third]
    assert found[1].message == "three\twith “signs”"
    with pytest.raises(UserError, match="not among the commits that led to v1"):
        commits_between(opened(repository), "candidate", "main", "v1", "net/model.onnx")


@pytest.mark.parametrize(
    ("ref", "path", "said"),
    [
        ("mian", "net/model.onnx", "has no commit 'mian'\n  Did you mean 'main'?"),
        ("f" * 40, "net/model.onnx", "has no commit"),
        ("main", "net/modle.onnx", "'main' has no file 'net/modle.onnx'"),
        ("main", "net", "is a folder, and a model is a file"),
        ("--help", "net/model.onnx", "is not the name of a commit"),
        ("v1..main", "net/model.onnx", "is not the name of a commit"),
    ],
)
def test_what_is_not_there_is_named(repository, ref, path, said):
    with pytest.raises(UserError) as caught:
        find_model(opened(repository), "candidate", ref, path)
    assert said in str(caught.value)


def test_what_cannot_be_a_ref_or_a_path_is_known_beforehand():
    assert all(map(is_ref, ("main", "v1.0", "feature/späte-Ernte", "main~3", "HEAD@{1}", "0" * 40)))
    assert not any(map(is_ref, ("", "-x", "a b", "a..b", "a:b", "a\nb", "x" * 201)))
    assert all(map(is_path_in_repository, ("model.onnx", "a/b c/m.tflite", "..a/b..c")))
    assert not any(map(is_path_in_repository, ("", "/a", "a/../b", "..", "./a", "a//b", "a/", "a\nb", ":(top)a")))


@pytest.mark.parametrize("place", ["nowhere", "empty", "empty/inner"])
def test_a_folder_that_is_no_repository_is_named_also_where_one_lies_around_it(repository, place):
    (repository.folder / "empty" / "inner").mkdir(parents=True)
    with pytest.raises(UserError, match=r"no such folder|is not a git repository"):
        open_repository(place, repository.folder, fetch=False)


def test_nothing_of_a_strange_repository_is_run(repository, tmp_path):
    mark = tmp_path / "it-ran"
    script = repository.folder / "evil"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    programs = "core.fsmonitor core.pager diff.evil.textconv diff.external filter.evil.smudge filter.evil.clean"
    for name in f"{programs} gpg.program core.sshCommand credential.helper core.editor".split():
        repository.git("config", name, str(script))
    for name, value in (("log.showSignature", "true"), ("core.hooksPath", str(tmp_path / "hooks"))):
        repository.git("config", name, value)
    (tmp_path / "hooks").mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        shutil.copy(script, tmp_path / "hooks" / hook)
    (repository.folder / ".git/info/attributes").write_text("*.onnx filter=evil diff=evil\n")
    mark.unlink(missing_ok=True)
    folder = opened(repository)
    found = find_model(folder, "candidate", "main", "net/model.onnx")
    assert model_file(folder, found, fetch=False).read_bytes() == b"one"
    commits_between(folder, "candidate", "v1", "main", "net/model.onnx")
    assert not mark.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder of another user's: run this test as root")
def test_a_repository_of_another_users_is_refused_as_git_does_and_the_remedy_is_gits(repository):
    subprocess.run(["chown", "-R", "nobody", str(repository.folder)], check=True)
    with pytest.raises(UserError, match="belongs to another user") as caught:
        opened(repository)
    assert f"safe.directory {repository.folder}" in caught.value.remedy


def test_a_url_is_fetched_into_the_cache_and_followed(repository):
    url = f"file://{repository.folder}"
    with pytest.raises(UserError, match="was not fetched yet"):
        open_repository(url, repository.folder, fetch=False)
    first = find_model(open_repository(url, repository.folder, fetch=True), "c", "HEAD", "net/model.onnx")
    second = repository.commit("two", net__model_onnx=b"two")
    folder = open_repository(url, repository.folder, fetch=True)
    found = find_model(folder, "c", "main", "net/model.onnx")
    assert first.message == "the first"
    assert found.sha == second
    assert model_file(folder, found, fetch=True).read_bytes() == b"two"
    assert find_model(open_repository(url, repository.folder, fetch=False), "c", "main", "net/model.onnx") == found


def test_a_password_is_shown_nowhere(tmp_path):
    url = "http://ada:s3cr3t@127.0.0.1:9/models.git"
    assert shown_repository(url) == "http://ada@127.0.0.1:9/models.git"
    with pytest.raises(UserError, match="cannot be fetched") as caught:
        open_repository(url, tmp_path, fetch=True)
    assert "s3cr3t" not in str(caught.value)
    kept = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
    assert not any(b"s3cr3t" in each.read_bytes() for each in kept)


@needs_lfs
def test_a_file_that_lfs_keeps_is_taken_from_its_store(tmp_path):
    repository = GitRepository(tmp_path / "models")
    repository.track_with_lfs("*.onnx")
    repository.commit("kept apart", model_onnx=b"large" * 1000)
    found = find_model(opened(repository), "c", "main", "model.onnx")
    assert repository.git("cat-file", "blob", "main:model.onnx").startswith("version https://git-lfs")
    assert model_file(opened(repository), found, fetch=False).read_bytes() == b"large" * 1000


@needs_lfs
def test_a_file_that_lfs_has_elsewhere_is_got_where_fetching_is_allowed_and_else_named(tmp_path, monkeypatch):
    origin = GitRepository(tmp_path / "origin")
    origin.track_with_lfs("*.onnx")
    origin.commit("kept apart", model_onnx=b"large" * 1000)
    url = f"file://{origin.folder}/.git"
    folder = open_repository(url, tmp_path, fetch=True)
    found = find_model(folder, "c", "main", "model.onnx")
    with pytest.raises(UserError, match="is kept by Git LFS, and is not here") as caught:
        model_file(folder, found, fetch=False)
    assert "fetch = true" in caught.value.remedy
    with monkeypatch.context() as patch:
        patch.setattr(models, "git_lfs_is_there", lambda: False)
        with pytest.raises(UserError, match="is not installed"):
            model_file(folder, found, fetch=True)
    assert model_file(folder, found, fetch=True).read_bytes() == b"large" * 1000


@needs_lfs
def test_a_file_that_lfs_lost_is_named_and_leaves_nothing_half_written(tmp_path):
    origin = GitRepository(tmp_path / "origin")
    origin.track_with_lfs("*.onnx")
    origin.commit("kept apart", model_onnx=b"large" * 1000)
    shutil.rmtree(origin.folder / ".git/lfs/objects")
    folder = open_repository(f"file://{origin.folder}/.git", tmp_path, fetch=True)
    found = find_model(folder, "c", "main", "model.onnx")
    with pytest.raises(UserError, match="`git lfs` could not get it"):
        model_file(folder, found, fetch=True)
    assert not [each for each in (tmp_path / "cache/models-from-git").rglob("*") if each.is_file()]
