"""The scaler: scikit-learn's, from moments that were gathered block by block, and its file."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from seldnet.common.errors import InputError
from seldnet.extraction.scaler import (
    block_moments,
    fit_scaler,
    load_mean_and_scale,
    load_scaler,
    merge_moments,
    normalize,
    save_scaler,
    scaler_digest,
)

# Columns of very different size and spread, and some (nearly) constant ones.
SPREAD, OFFSET = [1, 1e-6, 1e6, 1e-3, 0, 0, 1e-13, 1e-15], [0, 5, 1e3, 100, 0, 7, 3, 0.1]


@pytest.fixture
def rows():
    """700 rows of 8 columns."""
    return np.random.default_rng(3).standard_normal((700, 8)) * SPREAD + OFFSET


def scaler_of(rows):
    """The scaler of rows that come in blocks."""
    moments = block_moments(rows[:300])
    for block in np.array_split(rows[300:], 7):
        moments = merge_moments(moments, block_moments(block))
    return fit_scaler(moments)


def test_scaler_is_scikit_learns(rows):
    scaler, expected = scaler_of(rows), StandardScaler().fit(rows)
    assert isinstance(scaler, StandardScaler)
    np.testing.assert_allclose(scaler.mean_, expected.mean_, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(scaler.var_[:6], expected.var_[:6], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(scaler.scale_, expected.scale_, rtol=1e-6)
    assert scaler.scale_[[4, 5]].tolist() == [1, 1]
    assert scaler.n_samples_seen_ == expected.n_samples_seen_ == 700
    assert scaler.n_features_in_ == expected.n_features_in_ == 8
    np.testing.assert_allclose(scaler.transform(rows), expected.transform(rows), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(rows)), rows, rtol=1e-12)


def test_scaler_is_kept_whole_by_its_file(rows, tmp_path):
    scaler = scaler_of(rows)
    save_scaler(tmp_path / 'foa_wts.npz', scaler)
    loaded = load_scaler(tmp_path / 'foa_wts.npz', 8)
    for name in ('mean_', 'var_', 'scale_', 'n_samples_seen_', 'n_features_in_'):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(scaler, name))
    bare = load_mean_and_scale(tmp_path / 'foa_wts.npz', 8)
    np.testing.assert_array_equal(normalize(rows, bare), scaler.transform(rows))
    np.testing.assert_array_equal(loaded.transform(rows), scaler.transform(rows))


def test_digests_name_the_numbers(rows, tmp_path):
    digests = []
    for number in range(3):
        save_scaler(tmp_path / 'a.npz', scaler_of(rows + (number == 2)))
        digests.append(scaler_digest(load_mean_and_scale(tmp_path / 'a.npz')))
    assert digests[0] == digests[1] != digests[2] and len(digests[0]) == 16


def test_scaler_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / 'foa_wts.npz'
    with pytest.raises(InputError, match=r'foa_wts.npz: no scaler; run `python batch_feature_extraction.py`'):
        load_scaler(path)
    np.savez(path, mean=np.zeros(5), scale=np.ones(5))
    assert load_scaler(path, 5).var_.tolist() == [1] * 5
    with pytest.raises(InputError, match=r'scaler of shapes \(5,\) and \(5,\), expected \(8192,\)'):
        load_scaler(path, 8192)
    for scale in (0, -1, np.nan):
        np.savez(path, mean=np.zeros(5), scale=np.full(5, scale))
        with pytest.raises(InputError, match='numbers that are not finite or scales that are not positive'):
            load_scaler(path)
    for content in (b'', b'PK\x03\x04broken', b'text'):
        path.write_bytes(content)
        with pytest.raises(InputError, match='foa_wts.npz: not a scaler of this project'):
            load_scaler(path)
