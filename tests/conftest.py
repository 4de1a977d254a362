"""What the tests share: data that may be absent, models, small libraries."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hashed_words import HashedWords
from hypothesis import settings

import explorer
from explorer import Library
from explorer.embedder import Embedder, find_model, load

settings.register_profile("explorer", deadline=None, derandomize=True)  # slow machines are no failures, and no dice
settings.load_profile("explorer")

PROJECT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Keep what is prepared and compiled apart from the user's, in one place for all processes of a run."""
    if not hasattr(config, "workerinput"):
        os.environ["EXPLORER_CACHE"] = tempfile.mkdtemp(prefix="explorer-cache-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["EXPLORER_CACHE"], ignore_errors=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to test another copy of the package than the one that was asked for."""
    wanted = os.environ.get("EXPLORER_UNDER_TEST")
    if wanted and not Path(explorer.__file__).is_relative_to(wanted):
        pytest.exit(f"testing {explorer.__file__} instead of what lies in {wanted}", returncode=3)
    if hasattr(session.config, "workerinput"):
        # Where UMAP is imported, layouts are made in this process: hundreds of builds start none of their own for that.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import umap.umap_  # noqa: F401


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what loads the model in one process and what needs a browser in another."""
    for item in items:
        for kind in ("model", "browser"):
            if item.get_closest_marker(kind):
                item.add_marker(pytest.mark.xdist_group(kind))


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """Processes that are started are not measured for coverage: they read or build so much that it takes as long again."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COV")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real digests and collections beside the project; a stranger's clone has none."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("shared data absent: ../shared/data/")
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """The shipped sample digest."""
    return Path(explorer.__file__).parent / "sample" / "digest.md"


@pytest.fixture
def words() -> HashedWords:
    """An embedder that needs no model."""
    return HashedWords()


@pytest.fixture(scope="session")
def real_embedder() -> Embedder:
    """The real transformer, loaded once a session."""
    return load(find_model())


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Library]:
    """The sample as a library of hashed words; for reading only."""
    with Library.build(sample, tmp_path_factory.mktemp("sample") / "library", model=HashedWords()) as library:
        yield library


@pytest.fixture
def write_papers(tmp_path: Path):
    """A function that writes records as a JSON lines file."""

    def write(records: list[dict[str, object]], name: str = "papers.jsonl") -> Path:
        file = tmp_path / name
        file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return file

    return write
