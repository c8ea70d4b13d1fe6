"""What the tests of faults share: a small place to break things in."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest does so for folders that are no packages
import workplace


@pytest.fixture(scope='session')
def finished_place(tmp_path_factory):
    """A folder as a user has it after a run: data/, features/, models/, results/ of a tiny data set."""
    folder = tmp_path_factory.mktemp('place')
    with workplace.registered():
        workplace.make(folder)
    return folder


@pytest.fixture
def place(finished_place, tmp_path):
    """A copy of `finished_place` for one test, while its task `tiny` is there."""
    folder = shutil.copytree(finished_place, tmp_path / 'place')
    workplace.note_stamps(folder)
    with workplace.registered():
        yield folder
