"""Features and labels on disk: opened memory-mapped, or refused."""

import numpy as np
import pytest

from seldnet.common.errors import InputError
from seldnet.extraction.arrays import (
    array_file,
    open_features,
    open_labels,
    stored_features,
    stored_labels,
    write_array,
)
from seldnet.extraction.digests import file_digest


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_open_features_and_labels(tmp_path, rng):
    for dtype in ('float32', 'float16'):
        np.save(tmp_path / 'a.npy', rng.standard_normal((5, 16)).astype(dtype))
        opened = open_features(tmp_path / 'a.npy')
        assert isinstance(opened, np.memmap) and opened.dtype == dtype
        with pytest.raises(ValueError, match='read-only'):
            opened[0] = 0
    np.save(tmp_path / 'a.npy', np.zeros((5, 33), np.int16))
    assert open_labels(tmp_path / 'a.npy').shape == (5, 33)


@pytest.mark.parametrize(('find', 'stored', 'wanted'), [
    (stored_features, 'float32', 'float32'), (stored_features, 'float16', 'float32'),
    (stored_features, '>f4', 'float32'), (stored_labels, 'int16', 'float64')])
def test_rows_are_read_as_a_map_shows_them(find, stored, wanted, tmp_path, rng):
    np.save(tmp_path / 'a.npy', (100 * rng.standard_normal((9, 33))).astype(stored))
    array = find(tmp_path / 'a.npy')
    for first, end in ((0, 9), (2, 5), (8, 9), (3, 3)):
        rows = np.full((9, 33), 7, wanted)
        array.read_into(rows[first:end], first)
        np.testing.assert_array_equal(rows[first:end], array.open()[first:end])
        assert (np.delete(rows, slice(first, end), axis=0) == 7).all()


def test_rows_of_a_file_that_has_changed_are_not_read(tmp_path):
    write_array(tmp_path / 'a.npy', np.zeros((9, 16), np.float32))
    array, rows = stored_features(tmp_path / 'a.npy'), np.empty((3, 16), np.float32)
    with pytest.raises(InputError, match='a.npy: not as long as it was; remove it and run'):
        array.read_into(rows, 7)  # as if it had become shorter just now
    write_array(tmp_path / 'a.npy', np.ones((9, 16), np.float32))
    with pytest.raises(InputError, match='a.npy: was removed or changed meanwhile; run `python'):
        array.read_into(rows, 0)
    (tmp_path / 'a.npy').unlink()
    with pytest.raises(InputError, match='a.npy: was removed or changed meanwhile; run `python'):
        array.read_into(rows, 0)


@pytest.mark.parametrize('content, message', [
    (None, 'no such features; run `python batch_feature_extraction.py`'),
    (np.zeros((3, 4)), r'features of type float64 and shape \(3, 4\), expected float32 or float16 in'),
    (np.zeros(4, np.float32), r'features of type float32 and shape \(4,\), expected float32 or float16 in'),
    (np.zeros((3, 8), np.float32, order='F'), r'features of type float32 and shape \(3, 8\) in Fortran'),
    (np.array([{}]), 'not a .npy file of features; remove it and run `python batch_feature_extraction.py`'),
    (b'', 'not a .npy file of features'),
    (b'text', 'not a .npy file of features'),
])
def test_unusable_features_are_refused(content, message, tmp_path):
    path = tmp_path / 'a.npy'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(InputError, match=f'a.npy: {message}'):
        open_features(path)


def test_features_that_break_off_are_refused(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros((100, 16), np.float32))
    content = (tmp_path / 'a.npy').read_bytes()
    (tmp_path / 'a.npy').write_bytes(content[:-1000])
    with pytest.raises(InputError, match='a.npy: not a .npy file of features'):
        open_features(tmp_path / 'a.npy')


def test_what_is_written_is_opened_again(tmp_path, rng):
    rows = rng.standard_normal((7, 16)).astype(np.float32)
    write_array(tmp_path / 'a.npy', rows)
    np.testing.assert_array_equal(open_features(tmp_path / 'a.npy'), rows)


@pytest.mark.parametrize(('shape', 'dtype'), [
    ((700, 500), 'float32'), ((250, 8192), 'float32'), ((60, 8192), 'float16'), ((7, 3), 'int16'),
    ((0, 4), 'float32'), ((9,), 'float64')])
@pytest.mark.parametrize('rows_at_a_time', [1, 25, 300])
def test_rows_that_come_in_pieces(shape, dtype, rows_at_a_time, tmp_path, rng):
    """The file is that of NumPy, and the digest that of the file, as if all had come at once."""
    array = (100 * rng.standard_normal(shape)).astype(dtype)
    np.save(tmp_path / 'at_once.npy', array)
    with array_file(tmp_path / 'pieces.npy', shape, dtype) as file:
        for start in range(0, len(array), rows_at_a_time):
            file.append(array[start:start + rows_at_a_time])
    assert (tmp_path / 'pieces.npy').read_bytes() == (tmp_path / 'at_once.npy').read_bytes()
    assert file.digest == file_digest(tmp_path / 'pieces.npy') == write_array(tmp_path / 'other.npy', array)


@pytest.mark.parametrize(('nb_rows', 'message'), [
    (2, 'a.npy: fewer frames came than the 3 that were expected'), (4, 'a.npy: more frames came than the 3')])
def test_other_rows_than_announced_are_no_file(nb_rows, message, tmp_path):
    with pytest.raises(InputError, match=message), array_file(tmp_path / 'a.npy', (3, 5), 'float32') as file:
        file.append(np.zeros((nb_rows, 5)))
    assert not list(tmp_path.iterdir())
