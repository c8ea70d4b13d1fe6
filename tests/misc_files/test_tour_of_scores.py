"""The guided tour of the scores: what it says about each mistake is what the scores do."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from misc_files import test_SELD_metrics as tour
from seldnet.annotations.descriptions import read_description
from seldnet.common.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def scores():
    """(example, case, way) -> ER, F, DOA error, frame recall, SELD."""
    examples = {path.stem: read_description(path) for path in tour.EXAMPLES}
    return {(name, case.__name__, way): score(events, case(events))
            for name, events in examples.items() for case in tour.CASES for way, score in tour.WAYS.items()}


def of_case(scores, case, *ways):
    return np.array([value for (_, of_case, way), value in scores.items()
                     if of_case == case and (not ways or way in ways)])


def test_examples_have_one_and_two_events_at_once():
    assert [tour.most_at_once(read_description(path)) for path in tour.EXAMPLES] == [1, 2]


@pytest.mark.parametrize('pair', tour.PAIRS_DEG)
def test_both_angles_agree(pair):
    spherical, cartesian = tour.angles_deg(*pair[:2])
    assert spherical == pytest.approx(cartesian, abs=1e-5)


def test_perfect_is_perfect(scores):
    np.testing.assert_allclose(of_case(scores, 'perfect'), [[0, 1, 0, 1, 0]] * 6, atol=1e-5)


def test_turned_only_moves_the_doa_error(scores):
    turned = of_case(scores, 'turned')
    np.testing.assert_allclose(turned[:, [0, 1, 3]], [[0, 1, 1]] * 6, atol=1e-9)
    assert ((turned[:, 2] > 8) & (turned[:, 2] < 10)).all()


def test_confused_fails_detection_only(scores):
    confused = of_case(scores, 'confused')
    assert (confused[:, 0] > 0.8).all()
    np.testing.assert_allclose(confused[:, 2:4], [[0, 1]] * 6, atol=1e-5)


def test_late_is_wrong_everywhere(scores):
    late = of_case(scores, 'late')
    assert (late[:, 0] > 0.1).all()
    assert (late[:, 2] > 0.1).all()
    assert (late[:, 3] < 0.7).all()


def test_missed_and_false_directions_are_seen_by_frame_recall_alone(scores):
    for case in ('half_missed', 'false_alarm'):
        of_ways = of_case(scores, case, 'classification', 'output format')
        assert (of_ways[:, 0] > 0.4).all()
        np.testing.assert_allclose(of_ways[:, 2], 0, atol=1e-5)
        assert (of_ways[:, 3] < 0.7).all()


def test_nothing_has_no_doa_error(scores):
    nothing = of_case(scores, 'nothing', 'regression', 'output format')
    np.testing.assert_allclose(nothing[:, :3], [[1, 0, 0]] * 4, atol=1e-9)
    assert all(math.isnan(value) for value in of_case(scores, 'nothing', 'classification')[:, 2])


def test_run_for_real():
    command = [sys.executable, ROOT / 'misc_files/test_SELD_metrics.py']
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    for path in tour.EXAMPLES:
        assert f'{path.stem}: ' in done.stdout
    for case in tour.CASES:
        assert done.stdout.count(f'    {case.__doc__}\n') == 2
    for _, _, meaning in tour.PAIRS_DEG:
        assert meaning in done.stdout


def test_a_description_of_ones_own(tmp_path, capsys):
    path = tmp_path / 'mine.csv'
    path.write_text('sound_event_recording,start_time,end_time,ele,azi,dist\nknock,1,2,0,0,1\n')
    assert tour.main([str(path)]) == 0
    assert 'mine: 1 events, at most 1 at once' in capsys.readouterr().out


def test_broken_description(tmp_path):
    (tmp_path / 'mine.csv').write_text('no header\n')
    with pytest.raises(InputError, match=r'mine\.csv'):
        tour.main([str(tmp_path / 'mine.csv')])
