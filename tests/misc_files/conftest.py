"""The synthetic data set that several tests read."""

import pytest
from synthetic import RECORDINGS, SECONDS

from misc_files.synthesis.dataset import synthesize_dataset


@pytest.fixture(scope='session')
def synthetic_folder(tmp_path_factory):
    """A whole data set, which no test may change."""
    folder = tmp_path_factory.mktemp('synthetic')
    synthesize_dataset(folder, recordings=RECORDINGS, eval_recordings=1, seconds=SECONDS, n_jobs=2)
    return folder
