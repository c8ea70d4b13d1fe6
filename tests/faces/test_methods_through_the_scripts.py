"""`accdoa`, and the documentation's example of a method of one's own, through all scripts."""

import dataclasses
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import batch_feature_extraction
import calculate_SELD_metrics
import parameter
import seld
from misc_files import analyse_errors, predict_recording, visualize_SELD_output
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.output_format import read_output_rows
from seldnet.methods.registry import METHODS
from seldnet.prediction.predict import predict

ROOT = Path(__file__).resolve().parents[2]
SHORT = dataclasses.replace(TAU2019, recording_s=4)
SMALL = ['--nb_cnn2d_filt', '8', '--rnn_size', '16', '--fnn_size', '16', '--sequence_length', '40',
         '--batch_size', '2', '--epochs_per_fit', '2', '--learning_rate', '0.01']
CLASSES = {'phone': 3000, 'knock': 600}  # and a frequency that stands for it


def write_dataset(folder, audio_format):
    """Tones from one of four sides, Ambisonic gains (or levels of microphones that look there)."""
    rng = np.random.default_rng(0)
    for name in (f'{audio_format}_dev', 'metadata_dev'):
        (folder / name).mkdir(parents=True)
    for split in (1, 2, 3, 4):
        for number in (1, 2):
            audio = rng.normal(0, 0.001, (4 * 48000, 4))
            rows = []
            for start in (0.4, 2.4):
                name = rng.choice(list(CLASSES))
                azimuth = int(rng.choice([0, 90, -90, -180]))
                time = np.arange(int(1.2 * 48000)) / 48000
                tone = 0.1 * np.sin(2 * np.pi * CLASSES[name] * time)
                angle = np.radians(azimuth)
                gains = [1, np.sqrt(3) * np.sin(angle), 0, np.sqrt(3) * np.cos(angle)]
                if audio_format == 'mic':
                    gains = [1 + 0.8 * np.cos(angle - np.radians(side)) for side in (45, -45, 135, -135)]
                audio[int(start * 48000):][:len(tone)] += np.outer(tone, gains)
                rows.append(f'{name},{start},{start + 1.2},0,{azimuth},1')
            stem = f'split{split}_ir0_ov1_{number}'
            soundfile.write(folder / f'{audio_format}_dev' / f'{stem}.wav', audio, 48000)
            (folder / 'metadata_dev' / f'{stem}.csv').write_text(
                '\n'.join(['sound_event_recording,start_time,end_time,ele,azi,dist', *rows, '']))


@pytest.fixture
def example_method(monkeypatch):
    spec = importlib.util.spec_from_file_location('example_method', ROOT / 'docs' / 'example_method.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(METHODS, module.METHOD.name, module.METHOD)


def test_the_example_reads_its_targets_back_and_its_network_has_their_sizes(example_method):
    method = METHODS['cartesian']
    activity = np.eye(11)[:8]
    azimuth_deg, elevation_deg = 10.0 * np.arange(8)[:, None], -5.0 * np.arange(8)[:, None]
    targets = method.make_targets(activity, azimuth_deg * activity, elevation_deg * activity)
    found, *directions = method.read_outputs(targets)
    np.testing.assert_array_equal(found, activity)
    for found, expected in zip(directions, (azimuth_deg, elevation_deg), strict=True):
        np.testing.assert_allclose(np.degrees(found)[activity > 0], expected[:, 0], atol=1e-4)
    params = parameter.get_params(model_variant='cartesian', nb_cnn2d_filt=2, rnn_size=[3])
    model = method.build((4, 50, *method.kind.frame_shape(SHORT, 'foa')), 11, params)
    assert [output.shape[1:] for output in model.outputs] == [(50, 11), (50, 33)]
    assert [target.shape[-1] for target in targets] == list(method.target_sizes(11)) == [11, 33]


@pytest.mark.parametrize(('variant', 'audio_format'), [
    ('accdoa', 'foa'), pytest.param('accdoa', 'mic', marks=pytest.mark.slow),
    pytest.param('cartesian', 'foa', marks=pytest.mark.slow)])
def test_a_method_goes_through_all_scripts(variant, audio_format, example_method, tmp_path, monkeypatch,
                                           capsys):
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / 'data', audio_format)
    task = ['4' if audio_format == 'foa' else '2', '--model_variant', variant]
    assert batch_feature_extraction.main(['extract', *task, '--n_jobs', '1'], dataset=SHORT) == 0
    job = [task[0], 'job', *task[1:], '--quick_test', 'False', '--split', '1', *SMALL]
    assert seld.main(['seld.py', *job, '--nb_epochs', '2', '--patience', '2'], dataset=SHORT) == 0
    stem = tmp_path / 'models' / f'{task[0]}_job_{audio_format}_dev_split1'
    rounds = json.loads(Path(f'{stem}_state.json').read_text())['history']
    losses = [scores['validation_loss'] for scores in rounds]
    assert losses[-1] < losses[0]

    score = ['--task', task[0], '--allow-missing', '--json', 'scores.json']
    assert calculate_SELD_metrics.main(score, dataset=SHORT) == 0
    assert 0 <= json.loads(Path('scores.json').read_text())['groups']['all']['2019']['F'] <= 1
    audio = tmp_path / 'data' / f'{audio_format}_dev' / 'split1_ir0_ov1_1.wav'
    own = [f'{stem}_model.keras', str(audio), '--overlap', '0', '--output', 'own']
    assert predict_recording.main(own) == 0
    dumped = tmp_path / 'results' / f'{task[0]}_{audio_format}_dev' / 'split1_ir0_ov1_1.csv'
    assert (tmp_path / 'own' / dumped.name).read_bytes() == dumped.read_bytes()
    assert not predict(audio, f'{stem}_model.keras').warnings
    picture = [str(dumped), '--task', task[0], '--output', 'a.png']
    assert visualize_SELD_output.main(picture, dataset=SHORT) == 0
    errors = ['--task', task[0], '--allow-missing', '--output', 'errors']
    assert analyse_errors.main(errors, dataset=SHORT) == 0
    assert 'Traceback' not in capsys.readouterr().err


@pytest.mark.slow
def test_accdoa_resumes_to_the_same_numbers(tmp_path, monkeypatch):
    """Rates, rotations and the places of sequences depend on the round and the seed alone."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / 'data', 'foa')
    batch_feature_extraction.main(['extract', '6', '--n_jobs', '1'], dataset=SHORT)
    job = ['--quick_test', 'False', '--split', '1', *SMALL, '--nb_epochs', '3', '--patience', '9',
           '--dropout_rate', '0.2']
    seld.main(['seld.py', '6', 'whole', *job], dataset=SHORT)

    class StoppedError(Exception):
        pass

    fit_round = seld.fit_round

    def stop_in_the_third(model, training, run, round_number):
        if round_number == 3:
            raise StoppedError
        return fit_round(model, training, run, round_number)

    monkeypatch.setattr(seld, 'fit_round', stop_in_the_third)
    with pytest.raises(StoppedError):
        seld.main(['seld.py', '6', 'parts', *job, '--dcase_dir', 'other'], dataset=SHORT)
    monkeypatch.setattr(seld, 'fit_round', fit_round)
    seld.main(['seld.py', '6', 'parts', *job, '--dcase_dir', 'other', '--resume'], dataset=SHORT)
    for name in ('split1_ir0_ov1_1', 'split1_ir0_ov1_2'):
        np.testing.assert_array_equal(*(read_output_rows(Path(folder, '6_foa_dev', f'{name}.csv'))
                                        for folder in ('results', 'other')))
    histories = [json.loads(Path('models', f'6_{job_id}_foa_dev_split1_state.json').read_text())['history']
                 for job_id in ('whole', 'parts')]
    for whole, parts in zip(*histories, strict=True):
        assert {**whole, 'seconds': 0} == {**parts, 'seconds': 0}
