"""Any bytes, settings, rows: readers return what is legal or raise their error; scores keep their laws."""

import contextlib
import math
import struct

import numpy as np
import pytest
import workplace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calculate_SELD_metrics as scoring
import cls_feature_class
import evaluation_metrics
import parameter
import seld
from misc_files import predict_recording
from parameter import InputError

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


# ------------------------------------------------------------------------------------------------------------
# Readers
# ------------------------------------------------------------------------------------------------------------

READERS = {
    'description': ('data/metadata_dev/split1_ir0_ov1_1.csv', cls_feature_class.read_description),
    'output': ('results/tiny_foa_dev/split1_ir0_ov1_1.csv', evaluation_metrics.read_output_rows),
    'features': ('features/foa_dev_norm/split1_ir0_ov1_1.npy', cls_feature_class.open_features),
    'labels': ('features/foa_dev_label/split1_ir0_ov1_1.npy', cls_feature_class.open_labels),
    'scaler': ('features/foa_wts.npz', cls_feature_class.load_scaler),
    'books': ('features/foa_dev_state.json', lambda path: cls_feature_class.FeatureClass(
        path.parents[1] / 'data', path.parent).check_ready()),
    'recording': ('data/foa_dev/split1_ir0_ov1_1.wav', cls_feature_class.load_recording),
    'settings of a model': ('models/tiny_job_foa_dev_split1.json', lambda path: predict_recording.read_run(
        path.with_name(path.stem + '_model.keras'))),
    'settings of predictions': ('results/tiny_foa_dev/settings.json',
                                lambda path: scoring.is_quick_test(path.parent)),
    'model': ('models/tiny_job_foa_dev_split1_model.keras', seld.load_model),
}

# What is done to a file: some bytes are replaced, it is cut, or it is replaced as a whole.
places = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=4)
changes = st.one_of(
    st.tuples(st.just('bytes'), places),
    st.tuples(st.just('head'), places),
    st.tuples(st.just('cut'), st.floats(0, 1)),
    st.tuples(st.just('other'), st.binary(max_size=300)))


def changed(content, change):
    kind, how = change
    if kind == 'other':
        return how
    if kind == 'cut':
        return content[:int(how * len(content))]
    content = bytearray(content)
    for place, replacement in how:
        start = int(place * (len(content) if kind == 'bytes' else min(len(content), 128)))
        content[start:start + len(replacement)] = replacement
    return bytes(content)


@pytest.mark.parametrize('name', READERS)
def test_readers_return_or_raise_their_error(place, name):
    file, read = READERS[name]
    path = place / file
    whole = path.read_bytes()

    @(FEW if name == 'model' else MANY)
    @given(changes)
    def check(change):
        path.write_bytes(changed(whole, change))
        with contextlib.suppress(InputError, FileNotFoundError):
            read(path)
    check()


two_bytes, four_bytes = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
# Kind of samples, channels; samples and bytes a second; bytes a frame, bits a sample; bytes of samples.
wav_headers = st.tuples(two_bytes, two_bytes, four_bytes, four_bytes, two_bytes, two_bytes, four_bytes)
near_wav_headers = st.tuples(st.just(1), st.just(4), four_bytes, four_bytes, st.sampled_from([8, 12, 3]),
                             st.sampled_from([0, 8, 16, 24]), four_bytes)


@MANY
@given(st.one_of(wav_headers, near_wav_headers), st.binary(max_size=2000))
def test_any_wav_header(tmp_path_factory, header, samples):
    path = tmp_path_factory.getbasetemp() / 'fuzz.wav'
    path.write_bytes(struct.pack('<4sI8sIHHIIHH4sI', b'RIFF', 36 + len(samples), b'WAVEfmt ', 16, *header[:6],
                                 b'data', header[6]) + samples)
    with contextlib.suppress(InputError):
        for chunk in cls_feature_class.recording_chunks(path, any_rate=True):
            assert chunk.shape[1] == 4 and np.isfinite(chunk).all()


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())


@MANY
@given(st.dictionaries(st.sampled_from(list(parameter.SETTINGS)),
                       st.one_of(values, st.lists(values)), max_size=3))
def test_settings_are_legal_or_refused(overrides):
    with contextlib.suppress(InputError):
        params = parameter.get_params('1', **overrides)
        assert parameter.get_params('1', **params) == params
        assert all(math.isfinite(value) for value in params.values() if isinstance(value, float))


@MANY
@given(st.text())
def test_names_of_recordings_are_legal_or_refused(name):
    with contextlib.suppress(InputError):
        assert parameter.parse_recording_name(name).split >= 0


words = st.text(st.characters(blacklist_characters='\0', blacklist_categories=['Cs']), max_size=8)
options = st.sampled_from([f'--{name}' for name in parameter.SETTINGS] + ['--split', '--resume'])


@FEW
@given(st.lists(st.one_of(words, options), max_size=5))
def test_command_lines_end_with_their_status(tmp_path_factory, arguments):
    folder = tmp_path_factory.getbasetemp()
    if {'-h', '--help'} & set(arguments):
        return
    outcome = workplace.run(['seld.py', *arguments, '--feat_label_dir', 'nowhere'], folder)
    assert outcome.status in (0, 1, 2)
    assert 'Traceback' not in outcome.stderr


# ------------------------------------------------------------------------------------------------------------
# Scores
# ------------------------------------------------------------------------------------------------------------

row = st.tuples(st.integers(0, 200), st.integers(0, 10), st.integers(-18, 17).map(lambda step: 10 * step),
                st.integers(-4, 4).map(lambda step: 10 * step))
recording = st.lists(row, max_size=30, unique=True).map(lambda rows: np.array(rows, int).reshape(-1, 4))
data_set = st.lists(st.tuples(st.integers(1, 4), recording, recording), min_size=1, max_size=6)


def scores_of(recordings):
    names = [f'split{split}_ir0_ov1_{number}' for number, (split, *_) in enumerate(recordings)]
    _, references, predictions = zip(*recordings)
    return scoring.score(names, evaluation_metrics.count_recordings(references, predictions))


RANGES = {'ER': (0, math.inf), 'F': (0, 1), 'DOA': (0, 180), 'FR': (0, 1), 'LE': (0, 180), 'LR': (0, 1),
          'SELD': (0, math.inf)}


def families(scores):
    return {'2019': scores['2019'], **scores['joint']}


@MANY
@given(data_set)
def test_scores_are_in_their_ranges(recordings):
    for of_group in scores_of(recordings)['groups'].values():
        for scores in families(of_group).values():
            for name, value in scores.items():
                low, high = RANGES[name]
                assert math.isnan(value) or low <= value <= high + 1e-9


# Ratios of sums over all recordings: that of the whole lies between those of its parts.
RATIOS = [*(('2019', name) for name in ('ER', 'F', 'DOA', 'FR')),
          *(('micro', name) for name in ('ER', 'F', 'LE', 'LR'))]


@MANY
@given(data_set)
def test_a_score_of_all_lies_between_those_of_the_splits(recordings):
    groups = scores_of(recordings)['groups']
    for family, name in RATIOS:
        parts = [families(scores)[family][name] for group, scores in groups.items() if 'split' in group]
        whole = families(groups['all'])[family][name]
        # Where a part has nothing to divide by (no references, no pairs), it has a stand-in, not a ratio.
        most = {'ER': 1e6, 'DOA': 180, 'LE': 180}.get(name, 1)
        if all(0 < part < most for part in parts):
            assert min(parts) - 1e-6 <= whole <= max(parts) + 1e-6, (family, name)


@MANY
@given(data_set, st.randoms())
def test_the_order_of_recordings_changes_nothing(recordings, random):
    expected = scores_of(recordings)['groups']
    shuffled = list(recordings)
    random.shuffle(shuffled)
    found = scores_of(shuffled)['groups']
    assert found.keys() == expected.keys()
    for group, of_group in expected.items():
        for family, scores in families(of_group).items():
            for name, value in scores.items():
                assert families(found[group])[family][name] == pytest.approx(value, nan_ok=True, rel=1e-9)
