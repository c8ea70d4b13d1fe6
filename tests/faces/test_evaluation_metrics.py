"""evaluation_metrics.py: golden numbers of the 2019 release, the output format, bad input, quirks."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluation_metrics as em
from metrics import seld
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.output_format import parse_line_by_line, read_output_rows, rows_on_grid
from seldnet.common.errors import InputError
from seldnet.scoring.arrays import count_segments
from seldnet.scoring.counting import count_recordings

GOLDEN = Path(__file__).parents[1] / 'golden'

pytestmark = pytest.mark.filterwarnings('error')  # 0/0 and the like are branches, not warnings


@pytest.fixture(scope='module')
def numbers(golden):
    return golden('metrics')


def labels_of(nonzero, nb_frames):
    labels = np.zeros((nb_frames, 11, 324))
    labels[tuple(nonzero.T)] = 1
    return labels


# --------------------------------------------------------------------------------------------------------
# By hand
# --------------------------------------------------------------------------------------------------------


def test_scores_by_hand():
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 1]])
    output = np.array([[1, 0], [0, 1], [0, 0], [0, 0]])
    assert em.er_overall_framewise(output, truth) == pytest.approx(2 / 3)  # a substitution and a miss
    assert em.f1_overall_framewise(output, truth) == pytest.approx(2 / 5)  # precision 1/2, recall 1/3
    directions = np.zeros((4, 4))
    away = directions + np.radians(30)
    away[:, 2:] = 0
    doa_scores = em.compute_doa_scores_regr(away, directions, output, truth)
    assert doa_scores == pytest.approx((30, 3 / 4, 2, 3, 0, 1))


def test_batches_are_strung_together():
    activity = np.arange(24).reshape(2, 4, 3) % 2
    assert em.reshape_3Dto2D(activity).shape == (8, 3)
    assert em.f1_overall_1sec(activity, activity, 5) == em.f1_overall_1sec(
        em.reshape_3Dto2D(activity), em.reshape_3Dto2D(activity), 5)


def test_coordinates():
    x, y, z = em.sph2cart(np.radians(90), np.radians(30), 2)
    assert (x, y, z) == pytest.approx((0, math.sqrt(3), 1), abs=1e-12)
    assert em.cart2sph(x, y, z) == pytest.approx((np.pi / 2, np.pi / 6, 2))
    assert em.distance_between_cartesian_coordinates(0, 0, 5, 0.1, 0, 0) == pytest.approx(90)
    assert np.isnan(em.distance_between_cartesian_coordinates(0, 0, 0, 1, 0, 0))


# --------------------------------------------------------------------------------------------------------
# Golden: numbers of the 2019 release
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('i', range(9))
def test_golden_regression_scores(numbers, i):
    gt_sed, pred_sed, gt_deg, pred_deg = (numbers[f'regr/{i}/{name}'] for name in (
        'gt_sed', 'pred_sed', 'gt_doa_deg', 'pred_doa_deg'))
    sed_scores = pytest.approx(numbers[f'regr/{i}/sed_scores'], rel=1e-9)
    assert em.compute_sed_scores(pred_sed, gt_sed, 50) == sed_scores
    assert [em.er_overall_1sec(pred_sed, gt_sed, 50), em.f1_overall_1sec(pred_sed, gt_sed, 50)] == sed_scores
    doa_scores = em.compute_doa_scores_regr(pred_deg * np.pi / 180, gt_deg * np.pi / 180, pred_sed, gt_sed)
    expected = numbers[f'regr/{i}/doa_scores']
    # Where all directions are right, what is left is the rounding of the arc cosine.
    assert doa_scores[0] == pytest.approx(expected[0], rel=1e-9, abs=2e-6)
    assert doa_scores[1] == pytest.approx(expected[1], rel=1e-9)
    assert doa_scores[2:] == tuple(expected[2:])
    framewise = em.er_overall_framewise(pred_sed, gt_sed), em.f1_overall_framewise(pred_sed, gt_sed)
    assert framewise == pytest.approx(numbers[f'regr/{i}/sed_framewise'], rel=1e-9)


def test_golden_classification_scores_and_running_totals(numbers):
    metrics = em.SELDMetrics(nb_frames_1s=50)
    for i in range(4):
        nb_frames = int(numbers[f'clas/{i}/nb_frames'])
        gt, pred = (labels_of(numbers[f'clas/{i}/{side}'], nb_frames) for side in ('gt', 'pred'))
        sed_scores = em.compute_sed_scores(pred.max(2), gt.max(2), 50)
        assert sed_scores == pytest.approx(numbers[f'clas/{i}/sed_scores'], rel=1e-9)
        doa_scores = em.compute_doa_scores_clas(pred, gt)
        assert doa_scores == pytest.approx(numbers[f'clas/{i}/doa_scores'], rel=1e-9)
        metrics.update_sed_scores(pred.max(2), gt.max(2))
        metrics.update_doa_scores(pred, gt)
        running = metrics.compute_sed_scores() + metrics.compute_doa_scores()
        assert running == pytest.approx(numbers[f'clas/running/{i}'], rel=1e-9)
    metrics.reset()
    assert np.isnan(metrics.compute_doa_scores()).all()


def test_golden_output_format(numbers, tmp_path):
    outputs = numbers['output/sed'], numbers['output/doa_deg']
    content = em.regression_label_format_to_output_format(None, *outputs)
    em.write_output_format_file(tmp_path / 'written.csv', content)
    assert (tmp_path / 'written.csv').read_bytes() == (GOLDEN / 'output_format.csv').read_bytes()
    read_back = em.load_output_format_file(tmp_path / 'written.csv')
    assert read_back == content
    labels = em.output_format_dict_to_classification_labels(read_back)
    assert labels.shape == (3000, 11, 324)
    np.testing.assert_array_equal(np.argwhere(labels), numbers['output/clas_nonzero'])


def test_golden_angles_assignments_and_seld_score(numbers):
    azimuth1, elevation1, azimuth2, elevation2 = numbers['angle/in'].T
    np.testing.assert_allclose(
        em.distance_between_spherical_coordinates_rad(azimuth1, elevation1, azimuth2, elevation2),
        numbers['angle/spherical_deg'], rtol=1e-9)
    np.testing.assert_allclose(
        em.distance_between_cartesian_coordinates(*em.sph2cart(azimuth1, elevation1, 1),
                                                  *em.sph2cart(azimuth2, elevation2, 1)),
        numbers['angle/cartesian_deg'], rtol=1e-9)
    for i in range(8):
        cost = em.distance_between_gt_pred(numbers[f'assign/{i}/gt'], numbers[f'assign/{i}/pred'])
        assert cost == pytest.approx(numbers[f'assign/{i}/cost'], rel=1e-9)
    for (er, f, doa_deg, recall), expected in zip(numbers['seld/in'], numbers['seld/out']):
        assert em.compute_seld_metric([er, f], [doa_deg, recall]) == pytest.approx(expected, rel=1e-9)


def test_golden_description_to_output_format(golden):
    labels = golden('labels')
    paths = sorted((GOLDEN / 'description').glob('split*.csv'))
    assert len(paths) == 5
    for path in paths:
        lines = path.read_text().split()[1:]
        columns = list(zip(*(line.split(',') for line in lines))) or [()] * 6
        description = {'class': columns[0], 'start': [float(cell) for cell in columns[1]],
                       'end': [float(cell) for cell in columns[2]], 'ele': [int(cell) for cell in columns[3]],
                       'azi': [int(cell) for cell in columns[4]]}
        output = em.description_file_to_output_format(
            description, {name: index for index, name in enumerate(TAU2019.classes)}, 0.02)
        rows = [[frame, *event] for frame in sorted(output) for event in output[frame]]
        np.testing.assert_array_equal(np.reshape(rows, (-1, 4)), labels[f'{path.stem}/output_format'])


def test_the_2019_import_still_works():
    from metrics import evaluation_metrics as alias
    assert alias is not em
    for name in ('SELDMetrics', 'compute_sed_scores', 'load_output_format_file', 'cart2sph'):
        assert getattr(alias, name) is getattr(em, name)


# --------------------------------------------------------------------------------------------------------
# The two ways to the official scores agree
# --------------------------------------------------------------------------------------------------------


def random_rows(rng, nb_rows):
    """Rows with duplicates, off-grid directions, and frames beyond the 60 seconds."""
    return rng.integers((0, 0, -250, -60), (3100, 11, 250, 61), (nb_rows, 4))


def as_dict(rows):
    output = {}
    for frame, *event in rows.tolist():
        output.setdefault(frame, []).append(event)
    return output


def test_counts_of_rows_equal_the_class_on_labels():
    rng = np.random.default_rng(0)
    predictions = [random_rows(rng, n) for n in (4000, 0, 300)]
    references = [rows_on_grid(random_rows(rng, n)) for n in (3000, 200, 0)]
    metrics = em.SELDMetrics()
    for reference, prediction in zip(references, predictions):
        gt, pred = (em.output_format_dict_to_classification_labels(as_dict(rows))
                    for rows in (reference, prediction))
        metrics.update_sed_scores(pred.max(2), gt.max(2))
        metrics.update_doa_scores(pred, gt)
        alone = em.SELDMetrics()
        alone.update_sed_scores(pred.max(2), gt.max(2))
        alone.update_doa_scores(pred, gt)
        four = alone.compute_sed_scores() + tuple(np.nan_to_num(alone.compute_doa_scores()))
        from_dict = em.compute_seld_metrics_from_output_format_dict(as_dict(prediction), as_dict(reference))
        assert from_dict[1:] == pytest.approx(four)
        assert from_dict[0] == pytest.approx(em.compute_seld_metric(four[:2], four[2:]))
    counts = count_recordings(references, predictions)
    scores = seld.scores(counts.sed.total(), counts.doa.total())
    assert scores[:4] == pytest.approx(metrics.compute_sed_scores() + metrics.compute_doa_scores(), rel=1e-12)


# --------------------------------------------------------------------------------------------------------
# Quirks and policies
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('azimuth, elevation, cell', [
    (19, -7, (10, -10)), (-7, 9, (-10, 0)), (10, 40, (10, 40)), (-180, -40, (-180, -40)),
    (-171, 31, (-180, 30))])
def test_quirk_directions_are_rounded_down_to_the_grid(azimuth, elevation, cell):
    assert rows_on_grid(np.array([(0, 0, azimuth, elevation)])).tolist() == [[0, 0, *cell]]


@pytest.mark.parametrize('azimuth, elevation, cell', [
    (175, 0, (170, 0)), (180, 0, (170, 0)), (-181, 0, (-180, 0)), (359, 90, (170, 40)), (0, -41, (0, -40))])
def test_quirk_directions_beyond_the_grid_are_clipped(azimuth, elevation, cell):
    assert rows_on_grid(np.array([(0, 0, azimuth, elevation)])).tolist() == [[0, 0, *cell]]
    labels = em.output_format_dict_to_classification_labels({0: [[0, azimuth, elevation]]})
    assert em.classification_label_format_to_output_format(None, labels) == {0: [[0, *cell]]}


def test_quirk_frames_beyond_the_minute_are_ignored():
    labels = em.output_format_dict_to_classification_labels({2999: [[0, 0, 0]], 3000: [[0, 0, 0]]})
    assert labels.sum() == 1


def test_quirk_no_prediction_is_0_in_the_functions_and_nan_in_the_class():
    gt = labels_of(np.array([[0, 0, 0]]), 50)
    nothing = np.zeros_like(gt)
    assert em.compute_doa_scores_clas(nothing, gt)[:2] == (0, 49 / 50)
    metrics = em.SELDMetrics()
    metrics.update_doa_scores(nothing, gt)
    doa_error, recall = metrics.compute_doa_scores()
    assert math.isnan(doa_error)
    assert recall == 49 / 50


def test_quirk_angles_are_truncated_toward_zero(tmp_path):
    sed_labels, doa_deg = np.ones((1, 1)), np.array([[-7.9, 7.9]])
    assert em.regression_label_format_to_output_format(None, sed_labels, doa_deg) == {0: [[0, -7, 7]]}
    em.write_output_format_file(tmp_path / 'some.csv', {0: [[0, -7.9, 7.9]]})
    assert (tmp_path / 'some.csv').read_text() == '0,0,-7,7\n'


def test_quirk_descriptions_become_output_format_by_a_frame_rule_of_their_own():
    description = {'class': ['knock'], 'start': [0.03], 'end': [0.05], 'ele': [0], 'azi': [0]}
    assert sorted(em.description_file_to_output_format(description, {'knock': 0}, 0.02)) == [1, 2]


def test_quirk_blocks_of_a_stream_cross_recordings():
    """Training scores one stream; the official class starts its blocks anew with each recording."""
    first, second = np.zeros((30, 1)), np.zeros((30, 1))
    first[25], second[5] = 1, 1
    stream = np.concatenate((first, second))
    assert count_segments(stream, stream, 50).reference.sum() == 1  # both events in frames 0..48
    metrics = em.SELDMetrics()
    for recording in (first, second):
        metrics.update_sed_scores(recording, recording)
    assert metrics.sed_counts.reference.sum() == 2


def test_error_rates_without_references():
    nothing, something = np.zeros((50, 11)), np.ones((50, 11))
    assert em.er_overall_1sec(something, nothing, 50) == math.inf
    assert math.isnan(em.er_overall_1sec(nothing, nothing, 50))
    assert em.f1_overall_framewise(nothing, nothing) == 0
    assert em.SELDMetrics().compute_sed_scores()[1] == 0


def test_elevations_beyond_the_poles_are_written_as_poles():
    sed_labels, doa_deg = np.ones((2, 1)), np.array([[0, 97.5], [0, -123.0]])
    content = em.regression_label_format_to_output_format(None, sed_labels, doa_deg)
    assert content == {0: [[0, 0, 90]], 1: [[0, 0, -90]]}


@pytest.mark.parametrize('call, message', [
    (lambda: em.compute_sed_scores(np.full((5, 2), 0.3), np.ones((5, 2)), 50), '0.3'),
    (lambda: em.compute_sed_scores(np.ones((5, 2)), np.ones((6, 2)), 50), r'\(5, 2\) and \(6, 2\)'),
    (lambda: em.f1_overall_framewise(np.ones(5), np.ones(5)), r'\(5,\)'),
    (lambda: em.compute_doa_scores_regr(np.ones((5, 4)), np.ones((5, 2)), np.ones((5, 2)), np.ones((5, 2))),
     r'\(5, 4\).*\(5, 2\)'),
    (lambda: em.compute_doa_scores_regr(np.zeros((5, 4)), np.diag([0, 0, np.inf, 0, 0])[:, :4],
                                        np.ones((5, 2)), np.ones((5, 2))), 'finite .* frame 2'),
    (lambda: em.compute_doa_scores_clas(np.ones((5, 2, 324)), np.ones((6, 2, 324))), 'equal shapes'),
    (lambda: em.regression_label_format_to_output_format(None, np.ones((1, 1)), np.array([[np.nan, 0]])),
     'finite'),
    (lambda: em.output_format_dict_to_classification_labels({-1: [[0, 0, 0]]}), 'frame -1'),
    (lambda: em.output_format_dict_to_classification_labels({0: [[11, 0, 0]]}), 'class 11'),
    (lambda: em.output_format_dict_to_classification_labels({0: [[0, np.inf, 0]]}), 'finite'),
])
def test_wrong_arrays_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --------------------------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------------------------


@pytest.fixture
def read(tmp_path):
    """Function content -> the rows of a file with this content."""
    def of(content):
        path = tmp_path / 'some.csv'
        path.write_bytes(content)
        return read_output_rows(path).tolist()
    return of


ROWS = [[0, 3, -120, 10], [7, 10, 200, -90]]


@pytest.mark.parametrize('content', [
    b'0,3,-120,10\n7,10,200,-90\n',
    b'0,3,-120,10\n7,10,200,-90',  # no newline at the end
    b'0,3,-120,10\r\n7,10,200,-90\r\n',  # Windows
    b'\xef\xbb\xbf0,3,-120,10\n7,10,200,-90\n',  # byte-order mark
    b'\xef\xbb\xbf0,3,-120,10\r\n7,10,200,-90\r\n',
    b'0, 3 ,-120,10\n7,10,\t200,-90 \n',
    b'0.0,3.,-120.00,10\n7,10,200.0,-90.0\n',
    b'00,03,-0120,+10\n7,10,200,-90\n',
    b'\n0,3,-120,10\n\n  \n7,10,200,-90\n\n',  # blank lines
    b'0,3,-120,10\r7,10,200,-90\r',  # old line ends
    b'0e0,3,-1.2e+02,10\n7.000000000000000000e+00,1E1,2.e2,-.9e+2\n',  # any notation: numpy.savetxt
    b'0,3,-120,10\n,,,\n7,10,200,-90\n,,,\n , ,\t,\n',  # empty rows of a spreadsheet
    b'0,3,-120,10,\n7,10,200,-90,\n',  # and empty columns
    b',0,3,-120,10,,\n,7,10,200,-90,,\n',
    b'"0","3","-120","10"\n"7","10","200","-90"\n',
    b'"0","3","-120","10",""\n"7","10","200","-90",""\n',
])
def test_accepted_files(read, content):
    assert read(content) == ROWS


@pytest.mark.parametrize('content', [b'', b'\n', b'\xef\xbb\xbf', b'\r\n\r\n'])
def test_empty_files_hold_nothing(read, content, tmp_path):
    assert read(content) == []
    assert read_output_rows(tmp_path / 'some.csv').shape == (0, 4)
    assert em.load_output_format_file(tmp_path / 'some.csv') == {}


@pytest.mark.parametrize('line, reason', [
    (b'1,2,3', '3 columns, expected 4'),
    (b'1,2,3,4,5', '5 columns, expected 4'),
    (b'1,2,3,4,5', 'predictions of DCASE 2020 .* misc_files/convert_dataset.py predictions'),
    (b'1,2,0,0.5,0.5,-0.5', '6 columns, expected 4: .* DCASE 2020'),
    (b'1,2,0,10,20,30,150', '7 columns, expected 4: .* DCASE 2020'),
    (b'1,2,3,4,5,6,7,8', '8 columns, expected 4: frame, class, azimuth, elevation$'),
    (b'1,2,3,', '3 columns'),
    (b'1,2,3,4,"', '5 columns'),
    (b'1,,3,4', 'expected four whole numbers'),
    (b'1;2;3;4', r'semicolons .* expected commas .*"CSV \(comma delimited\)"'),
    (b'1,0;2,0;3,0;4,0', 'semicolons'),
    (b'1\t2\t3\t4', 'tabs .* expected commas'),
    (b'1 2 3 4', r"1 columns.* numpy\.savetxt writes commas with delimiter=','"),
    (b'1 2 3', '1 columns, expected 4: frame, class, azimuth, elevation$'),
    (b'sound_event_recording,start_time,end_time,ele,azi,dist', '6 columns of a description'),
    (b'1,2,3.5,4', r'3\.5 is no whole number.* rounded to whole degrees'),
    (b'1,2,1e-1,4', '1e-1 is no whole number'),
    (b'1,2,1e400,4', '9 digits'),
    (b'1,2,1e,4', 'whole numbers'),
    (b'1,2,nan,4', 'whole numbers'),
    (b'1,2,--3,4', 'whole numbers'),
    (b'1,2,3-,4', 'whole numbers'),
    (b'1,2,3 4,4', 'whole numbers'),
    (b'1,2,1_0,4', 'whole numbers'),
    ('1,2,٣,4'.encode(), 'whole numbers'),  # Arabic-Indic three
    (b'1,2,\xff3,4', 'whole numbers'),
    (b'1,2,3\x00,4', 'whole numbers'),
    (b'frame,class,azimuth,elevation', 'no header; pandas .* header=False, index=False'),
    (b'cough,0.36,1.33,-10,-10,2', '6 columns of a description, .* predictions are named first'),
    (b'1,11,3,4', r'class 11, expected 0\.\.10 \(knock\.\.laughter\); classes count from 0'),
    (b'1,-1,3,4', 'class -1'),
    (b'-1,2,3,4', 'frame -1, expected 0 or more'),
    (b'1,2,3,91', r'elevation 91, expected -90\.\.90'),
    (b'1,2,3,-91', 'elevation -91'),
    (b'1234567890,2,3,4', '9 digits'),
    (b'1,2,99999999999999999999999,4', '9 digits'),
])
@pytest.mark.parametrize('newline', [b'\n', b'\r\n'])
def test_refused_files_name_file_line_and_reason(read, line, reason, newline):
    with pytest.raises(InputError, match=rf'some\.csv:2: found .*{reason}'):
        read(newline.join((b'0,3,-120,10', line, b'1,2,3,4', b'')))


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
def test_wide_encodings_are_named(read, encoding):
    name = encoding[:6].upper()
    with pytest.raises(InputError, match=rf'some\.csv:1: found text in {name}, expected UTF-8: save it as'):
        read('0,3,-120,10\n'.encode(encoding))


def test_the_index_of_pandas_is_named(read):
    with pytest.raises(InputError, match=r"some\.csv:2: found '0,5,3,-120,10': .* index=False"):
        read(b',0,1,2,3\n0,5,3,-120,10\n1,6,3,-120,10\n')


def test_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        em.load_output_format_file(tmp_path / 'none.csv')


def test_dictionary_is_a_view_of_the_rows(tmp_path):
    (tmp_path / 'some.csv').write_text('5,1,0,0\n2,0,10,-10\n5,0,20,0\n')
    content = em.load_output_format_file(tmp_path / 'some.csv')
    assert content == {5: [[1, 0, 0], [0, 20, 0]], 2: [[0, 10, -10]]}


legal_rows = st.lists(
    st.tuples(st.integers(0, 10 ** 9 - 1), st.integers(0, 10), st.integers(-720, 720), st.integers(-90, 90)),
    max_size=20)


@given(legal_rows)
@settings(deadline=None, derandomize=True)
def test_written_files_are_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp('round_trip') / 'some.csv'
    content = as_dict(np.reshape(rows, (-1, 4)))
    em.write_output_format_file(path, content)
    assert em.load_output_format_file(path) == content
    assert sum(map(len, content.values())) == len(rows)


@pytest.mark.parametrize('content', [
    {-1: [[0, 0, 0]]}, {0: [[11, 0, 0]]}, {0: [[0, 0, 91]]}, {0: [[0, math.nan, 0]]}, {10 ** 9: [[0, 0, 0]]}])
def test_what_could_not_be_read_is_not_written(tmp_path, content):
    with pytest.raises(ValueError, match='expected'):
        em.write_output_format_file(tmp_path / 'some.csv', content)
    assert not list(tmp_path.iterdir())


parts_of_lines = st.lists(st.sampled_from([
    '1', '2', '10', '11', '-1', '90', '-91', '12.0', '3.5', ' 4 ', '', ',', ',', ',', '\n', '\n', '\r\n',
    '\r', '-', '+', '.', '1e3', 'x', '\0', '\ufeff', '\u00b2', '9' * 12]), max_size=30)
legal_files = legal_rows.map(lambda rows: ''.join('{},{},{},{}\n'.format(*row) for row in rows).encode())


@st.composite
def damaged_files(draw):
    content = draw(legal_files)
    place = draw(st.integers(0, len(content)))
    return content[:place] + draw(st.binary(max_size=2)) + content[place + draw(st.integers(0, 1)):]


any_files = st.one_of(st.binary(max_size=60), parts_of_lines.map(lambda parts: ''.join(parts).encode()),
                      legal_files, damaged_files())


@given(any_files)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_fuzz_reader_returns_legal_rows_or_raises_its_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp('fuzz') / 'some.csv'
    path.write_bytes(content)
    try:
        rows = read_output_rows(path)
    except InputError as error:
        assert str(path) in str(error)
        assert '\n' not in str(error)
        return
    assert rows.dtype == int
    assert rows.ndim == 2
    assert ((rows >= (0, 0, -1e9, -90)) & (rows <= (1e9, 10, 1e9, 90))).all()
    # The fast way and the way line by line read the same.
    np.testing.assert_array_equal(rows, parse_line_by_line(path, content.removeprefix(b'\xef\xbb\xbf')))
    assert em.load_output_format_file(path) == as_dict(rows)


def test_scores_are_python_numbers():
    ones = np.ones((50, 2))
    assert all(type(score) is float for score in em.compute_sed_scores(ones, ones, 50))
    scores = em.compute_doa_scores_regr(np.zeros((50, 4)), np.zeros((50, 4)), ones, ones)
    assert [type(score) for score in scores] == [float, float, int, int, int, int]
