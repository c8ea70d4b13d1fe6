"""What the tests of scoring share: folders to be scored."""

import pytest
import scored_folders


@pytest.fixture
def folders(tmp_path):
    """Folders of predictions and references of `scored_folders.NAMES`."""
    return scored_folders.make_folders(tmp_path)
