"""What the tests of the extraction share: a small data set, and its extraction in this process."""

import pytest
from small_datasets import make_data, recording_set

from seldnet.extraction.stages import extract


@pytest.fixture
def data(tmp_path):
    """Folder of three recordings with descriptions."""
    return make_data(tmp_path / 'data')


@pytest.fixture
def run(tmp_path, data):
    """Function that extracts a set into tmp_path / 'out', in this process, and returns the summary."""
    def extract_with(is_eval=False, **settings):
        return extract([recording_set(data, tmp_path / 'out', is_eval, **settings)])
    return extract_with
