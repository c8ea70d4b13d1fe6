"""Any bytes, settings, rows: readers return what is legal or raise their error; scores keep their laws."""

import contextlib
import json
import math
import struct
from argparse import Namespace

import numpy as np
import pytest
import workplace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluation_metrics
import parameter
from cls_feature_class import FeatureClass
from metrics import jackknife
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.annotations.stored_facts import check_dataset
from seldnet.common.config_file import read_settings_file
from seldnet.common.errors import InputError
from seldnet.extraction.arrays import open_features, open_labels
from seldnet.extraction.audio import load_recording, recording_chunks
from seldnet.extraction.checks import find_pending
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.scaler import load_scaler
from seldnet.prediction.trained_model import read_trained_model
from seldnet.scoring.counting import count_recordings
from seldnet.scoring.recordings import is_quick_test
from seldnet.scoring.scores import score
from seldnet.training import network
from seldnet.training.history import read_state
from seldnet.training.output_folder import OutputFolder
from seldnet.training.resumption import refuse_other_settings

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


# ------------------------------------------------------------------------------------------------------------
# Readers
# ------------------------------------------------------------------------------------------------------------

READERS = {
    'description': ('data/metadata_dev/split1_ir0_ov1_1.csv', read_description),
    'output': ('results/tiny_foa_dev/split1_ir0_ov1_1.csv', read_output_rows),
    'features': ('features/foa_dev_norm/split1_ir0_ov1_1.npy', open_features),
    'labels': ('features/foa_dev_label/split1_ir0_ov1_1.npy', open_labels),
    'scaler': ('features/foa_wts.npz', load_scaler),
    'state': ('features/foa_dev_state.json', lambda path: FeatureClass(
        path.parents[1] / 'data', path.parent, dataset_facts=workplace.DATASET).check_ready()),
    'recording': ('data/foa_dev/split1_ir0_ov1_1.wav', load_recording),
    'settings of a model': ('models/tiny_job_foa_dev_split1.json', lambda path: read_trained_model(
        path.with_name(path.stem + '_model.keras'))),
    'settings of predictions': ('results/tiny_foa_dev/settings.json',
                                lambda path: is_quick_test(path.parent)),
    'model': ('models/tiny_job_foa_dev_split1_model.keras', network.load),
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


JSON_READERS = {
    **{name: READERS[name] for name in ('state', 'settings of a model', 'settings of predictions')},
    'state, extracted': ('features/foa_dev_state.json', lambda path: find_pending(
        *(lambda recordings: (recordings, recordings.state()))(
            RecordingSet(path.parents[1] / 'data', path.parent, dataset=workplace.DATASET)))),
    'state of a run': ('models/tiny_job_foa_dev_split1_state.json',
                       lambda path: read_state(path, 'remove it')),
    'settings of a run': ('models/tiny_job_foa_dev_split1.json', lambda path: refuse_other_settings(
        path, parameter.get_params('tiny'))),
    'settings of a folder': ('results/tiny_foa_dev/settings.json', lambda path: OutputFolder(
        path.parent, 'tiny', 'job', parameter.get_params('tiny')).refuse_others(overwrite=False)),
    'settings beside predictions': ('results/tiny_foa_dev/settings.json', lambda path: parameter.params_given(
        Namespace(config=None), 'tiny', predictions=path.parent)),
    'data set of predictions': ('results/tiny_foa_dev/settings.json', lambda path: check_dataset(
        path.parent, workplace.DATASET)),
    'settings file': ('models/tiny_job_foa_dev_split1.json', lambda path: read_settings_file(
        path, parameter.SETTINGS)),
}
hostile = st.sampled_from(['../../x', '/tmp/x', '..', '', 'a/b', 'a\\b', 'a\0b', '.x', '\ud800', 'x' * 300,
                           '\n'])
odd_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | hostile
    | st.sampled_from([10**400, 2**63, -1, math.nan, math.inf]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(hostile | st.text(max_size=3), inner, max_size=2),
    max_leaves=4)


def with_one_change(content, places, value, rename):
    """JSON with something else somewhere in it: `places` lead there, from 0 to 1 at each level."""
    if not places or not isinstance(content, dict | list) or not content:
        return value
    keys = list(content) if isinstance(content, dict) else range(len(content))
    key = keys[int(places[0] * (len(keys) - 1))]
    inner = with_one_change(content[key], places[1:], value, rename)
    if isinstance(content, list):
        return [*content[:key], inner, *content[key + 1:]]
    if rename is not None and len(places) == 1:
        return {**{name: of for name, of in content.items() if name != key}, rename: content[key]}
    return {**content, key: inner}


@pytest.mark.parametrize('name', JSON_READERS)
def test_readers_of_json_return_or_raise_their_error(place, name):
    """Odd values and hostile names at any depth; and nothing is made or removed outside of the place."""
    file, read = JSON_READERS[name]
    path = place / file
    whole = json.loads(path.read_text())
    around = workplace.listing(place.parent).keys()

    @MANY
    @given(st.lists(st.floats(0, 1), max_size=5), odd_json, st.none() | hostile)
    def check(places, value, rename):
        with contextlib.suppress(ValueError):  # Python writes no whole numbers of more than 4300 digits
            path.write_text(json.dumps(with_one_change(whole, places, value, rename)))
        with contextlib.suppress(InputError, FileNotFoundError):
            read(path)
    check()
    assert workplace.listing(place.parent).keys() == around


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
        for chunk in recording_chunks(path, any_rate=True):
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
        assert TAU2019.parse_name(name).split >= 0


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
    return score(names, count_recordings(references, predictions))


angles_rad = st.floats(-10, 10) | st.sampled_from([0, math.pi / 2, math.pi, -math.pi])
some_directions = st.lists(st.tuples(angles_rad, angles_rad), max_size=8).map(
    lambda pairs: np.array(pairs).reshape(-1, 2))


@st.composite
def outputs_of_a_network(draw):
    """Activities and directions of prediction and reference, as the functions of 2019 take them."""
    frames, classes = draw(st.integers(0, 120)), draw(st.integers(1, 11))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pred_sed, gt_sed = (rng.random((frames, classes)) < draw(st.sampled_from([0, 0.1, 0.5, 1]))
                        for _ in range(2))
    pred_doa, gt_doa = (rng.uniform(-4, 4, (frames, 2 * classes)) for _ in range(2))
    for array in (pred_doa, gt_doa):
        values = st.lists(angles_rad | st.sampled_from([math.nan, math.inf]), max_size=3 if frames else 0)
        for value in draw(values):
            array[rng.integers(frames), rng.integers(2 * classes)] = value
    return pred_sed, gt_sed, pred_doa, gt_doa


@MANY
@given(outputs_of_a_network(), st.integers(1, 60))
def test_functions_of_2019_stay_in_their_ranges(outputs, block_size):
    pred_sed, gt_sed, pred_doa, gt_doa = outputs
    frames = len(gt_sed)
    framewise = (evaluation_metrics.er_overall_framewise(pred_sed, gt_sed),
                 evaluation_metrics.f1_overall_framewise(pred_sed, gt_sed))
    in_segments = evaluation_metrics.compute_sed_scores(pred_sed, gt_sed, block_size)
    for error_rate, f_score in (framewise, in_segments):
        assert error_rate >= 0 or math.isnan(error_rate)
        assert 0 <= f_score <= 1
    assert math.isnan(framewise[0]) == (not (pred_sed.any() or gt_sed.any()))
    finite = all(np.isfinite(doa[np.tile(active, 2)]).all()
                 for doa, active in ((pred_doa, pred_sed), (gt_doa, gt_sed)))
    if not finite:
        with pytest.raises(ValueError, match='expected finite directions of active classes'):
            evaluation_metrics.compute_doa_scores_regr(pred_doa, gt_doa, pred_sed, gt_sed)
        return
    scores = evaluation_metrics.compute_doa_scores_regr(pred_doa, gt_doa, pred_sed, gt_sed)
    assert 0 <= scores.doa_error_deg <= 180
    assert 0 <= scores.frame_recall <= 1 if frames else math.isnan(scores.frame_recall)
    assert scores.predicted == pred_sed.sum()
    assert scores.surplus - scores.shortfall == pred_sed.sum() - gt_sed.sum()


@MANY
@given(outputs_of_a_network())
def test_a_truth_scores_perfectly_against_itself(outputs):
    _, gt_sed, *_ = outputs
    doa = np.zeros((len(gt_sed), 2 * gt_sed.shape[1]))
    doa[:] = np.linspace(-1.5, 1.5, doa.shape[1])
    scores = evaluation_metrics.compute_doa_scores_regr(doa, doa, gt_sed, gt_sed)
    assert scores.doa_error_deg == pytest.approx(0, abs=1e-5)
    assert scores.surplus == scores.shortfall == 0 and scores.good_frames == len(gt_sed)
    if gt_sed.any():
        assert evaluation_metrics.er_overall_framewise(gt_sed, gt_sed) == 0
        assert evaluation_metrics.f1_overall_framewise(gt_sed, gt_sed) == pytest.approx(1)


@MANY
@given(some_directions, some_directions)
def test_the_distance_of_two_sets_of_directions(some, others):
    distance_deg = evaluation_metrics.distance_between_gt_pred(some, others)
    assert 0 <= distance_deg <= 180 * min(len(some), len(others)) + 1e-9
    assert evaluation_metrics.distance_between_gt_pred(others, some) == pytest.approx(distance_deg, abs=1e-4)


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
@given(st.floats(0, 180), st.lists(st.floats(0, 180), max_size=20))
def test_a_confidence_interval_is_one_or_is_none(theta, leave_one_out_theta):
    low, high = jackknife.interval(theta, np.array(leave_one_out_theta))
    if len(leave_one_out_theta) < 2:
        assert math.isnan(low) and math.isnan(high)
    else:
        assert low <= high


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
