"""What the tests of scoring share: folders to be scored."""

import pytest
import scored_folders


@pytest.fixture
def folders(tmp_path):
    """Folders of predictions and references of `scored_folders.NAMES`."""
    return scored_folders.make_folders(tmp_path)


@pytest.fixture
def many_folders(tmp_path):
    """Folders of `scored_folders.MANY_NAMES`: enough recordings for intervals."""
    return scored_folders.make_folders(tmp_path / 'many', scored_folders.MANY_NAMES)
