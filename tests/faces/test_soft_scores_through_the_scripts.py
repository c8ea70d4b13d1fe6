"""Thresholds, saved scores and ensembles: from training over the tools to the scorer."""

import re
from pathlib import Path

import numpy as np
import pytest
from next_commands import next_command_of
from tiny_training import DATASET, SIZES, STAND_IN, make_features, note_as_extracted

import calculate_SELD_metrics
import seld
from misc_files import average_predictions, choose_threshold
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import write_description
from seldnet.annotations.output_format import read_output_rows
from seldnet.common.errors import InputError
from seldnet.methods.averaging import average_degrees
from seldnet.methods.registry import METHODS
from seldnet.methods.soft_scores import Scores, read_scores, write_scores

TRAIN = ['--quick_test', 'False', '--split', '1', '--nb_epochs', '1', '--epochs_per_fit', '1',
         '--feat_label_dir', 'features', '--pool_size', '4', '2', '--batch_size', str(SIZES['batch_size']),
         '--sequence_length', str(SIZES['sequence_length']), '--save_scores', 'True',
         '--model_variant', 'stand_in']


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Two jobs of other seeds that were trained, in the folder that is the working one."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp('soft')
        patch.chdir(folder)
        patch.setitem(METHODS, 'stand_in', STAND_IN)
        Path('features').mkdir()
        make_features(Path('features'))
        for seed in ('1', '2'):
            seld.main(['seld.py', '1', f's{seed}', *TRAIN, '--seed', seed, '--dcase_dir', f'r{seed}'],
                      dataset=DATASET)
        yield folder


def test_scores_lie_beside_the_predictions_and_say_the_same(place):
    paths = sorted(Path('r1/1_foa_dev').glob('*.npz'))
    assert [path.stem for path in paths] == [f'split1_ir{n}_ov1_{n}' for n in range(3)]
    for path in paths:
        scores = read_scores(path)
        rows = read_output_rows(path.with_suffix('.csv'))
        assert scores.activity.shape == (300, 11)
        np.testing.assert_array_equal(rows[:, :2], np.argwhere(scores.activity > 0.5))


def test_the_lines_for_sed_scores_eval(place):
    pytest.importorskip('sed_scores_eval')
    page = Path(__file__).parents[2].joinpath('docs', 'SCORES.md').read_text(encoding='utf-8')
    lines, = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    names = {}
    exec(compile(lines.replace('results/4_foa_dev', 'r1/1_foa_dev'), 'SCORES.md', 'exec'), names)
    assert sorted(names['tables']) == [f'split1_ir{n}_ov1_{n}' for n in range(3)]
    for name, table in names['tables'].items():
        np.testing.assert_array_equal(table[list(TAU2019.classes)], read_scores(
            Path('r1/1_foa_dev', f'{name}.npz')).activity)
        assert table['offset'].iloc[-1] == 6


def test_a_threshold_changes_what_is_written(place):
    seld.main(['seld.py', '1', 'low', *TRAIN, '--seed', '1', '--dcase_dir', 'low', '--threshold', '0.3',
               'cough=0.9'], dataset=DATASET)
    for path in sorted(Path('low/1_foa_dev').glob('*.npz')):
        activity, rows = read_scores(path).activity, read_output_rows(path.with_suffix('.csv'))
        thresholds = np.where(np.arange(11) == TAU2019.classes.index('cough'), 0.9, 0.3)
        np.testing.assert_array_equal(rows[:, :2], np.argwhere(activity > thresholds))


@pytest.mark.parametrize(('words', 'message'), [
    (['2'], 'expected a number from 0 to 1'), (['x'], 'expected a number, or CLASS=NUMBER'),
    (['coug=0.5'], "unknown class 'coug', did you mean 'cough'"), (['0.3', '0.4'], 'expected one')])
def test_thresholds_that_are_none(words, message, place):
    with pytest.raises(InputError, match=message):
        seld.main(['seld.py', '1', 'no', *TRAIN, '--dcase_dir', 'no', '--threshold', *words], dataset=DATASET)
    assert not Path('no').exists()


def test_a_threshold_is_chosen_on_validation_recordings_alone(place, capsys):
    """What stands in the test recordings' labels and features makes no difference."""
    model = 'models/1_s1_foa_dev_split1_model.keras'
    options = [model, '--feat_label_dir', 'features']
    assert choose_threshold.main([*options, '--output', 'a.png'], dataset=DATASET) == 0
    printed = capsys.readouterr().out
    assert printed.startswith('3 validation recordings\n') and Path('a.png').exists()
    assert '  --threshold 0.' in printed and 'cough=' in printed
    words = next_command_of(printed, 'misc_files/predict_recording.py')
    assert words[:3] == [model, 'RECORDING.wav', '--threshold'] and f'  --threshold {words[3]}\n' in printed
    for path in [*Path('features/foa_dev_norm').glob('split1_*'),
                 *Path('features/foa_dev_label').glob('split1_*')]:
        np.save(path, np.roll(np.load(path), 100, axis=0))
    note_as_extracted(Path('features'))
    choose_threshold.main([*options, '--output', 'b.png'], dataset=DATASET)
    assert capsys.readouterr().out == printed.replace('a.png', 'b.png')


def test_the_mean_of_two_systems_is_written_and_scored(place, capsys):
    both = ['r1/1_foa_dev', 'r2/1_foa_dev']
    assert average_predictions.main([*both, '--output', 'mean'], dataset=DATASET) == 0
    printed_by_mean = capsys.readouterr().out
    Path('described').mkdir()
    for path in sorted(Path('mean').glob('*.npz')):
        expected = average_degrees([read_scores(Path(folder, path.name)) for folder in both])
        for found, array in zip(read_scores(path), expected):
            np.testing.assert_allclose(found, array, atol=1e-3)
        Path('references').mkdir(exist_ok=True)
        write_description(Path('references', f'{path.stem}.csv'), [])
    assert calculate_SELD_metrics.main(['mean', '--references', 'references'], dataset=DATASET) == 0
    assert 'python' not in printed_by_mean  # nothing is described where the data set should be
    Path('references').rename('described/metadata_dev')
    average_predictions.main([*both, '--output', 'mean', '--overwrite', '--dataset_dir', 'described'],
                             dataset=DATASET)
    words = next_command_of(capsys.readouterr().out, 'calculate_SELD_metrics.py')
    assert words == ['mean', 'described/metadata_dev']
    assert calculate_SELD_metrics.main(words, dataset=DATASET) == 0
    with pytest.raises(InputError, match='mean: is not empty, expected a new folder, or --overwrite'):
        average_predictions.main(['r1/1_foa_dev', '--output', 'mean'], dataset=DATASET)


def test_folders_that_do_not_fit_are_refused(place):
    Path('empty').mkdir()
    with pytest.raises(InputError, match=r'empty: no scores \(\*.npz\)'):
        average_predictions.main(['r1/1_foa_dev', 'empty', '--output', 'x'], dataset=DATASET)
    Path('other').mkdir()
    for path in Path('r1/1_foa_dev').glob('*1.npz'):
        (Path('other') / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match='other: other recordings than in r1/1_foa_dev: split1_ir0_ov1_0'):
        average_predictions.main(['r1/1_foa_dev', 'other', '--output', 'x'], dataset=DATASET)
    assert not Path('x').exists()


SCORES = Scores(*np.zeros((3, 4, 11)))
WRONG = {
    'no numpy file': lambda path: path.write_bytes(b'PK'),
    'empty': lambda path: path.write_bytes(b''),
    'another array': lambda path: np.savez(path, names=['a'], activity=np.zeros(3)),
    'pickled': lambda path: np.savez(path, names=np.array([{}], object), **SCORES._asdict()),
    'one array': lambda path: np.save(path.open('wb'), np.zeros(3)),
    'other classes': lambda path: write_scores(path, SCORES, dataset=DATASET.__class__(
        'own', ('a',) * 11, {}, None)),
    'not finite': lambda path: write_scores(path, SCORES._replace(activity=np.full((4, 11), np.nan))),
    'other shapes': lambda path: write_scores(path, SCORES._replace(azimuth_deg=np.zeros((3, 11)))),
}


@pytest.mark.parametrize('what', WRONG)
def test_files_that_are_no_scores_are_named(what, tmp_path):
    path = tmp_path / 'a.npz'
    WRONG[what](path)
    with pytest.raises(InputError, match=r'a\.npz: '):
        read_scores(path)
