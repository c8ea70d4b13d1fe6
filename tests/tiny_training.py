"""Features so small that a training takes a second, and a network as small, for the tests of training."""

import dataclasses
import json
from pathlib import Path

import numpy as np

import parameter
from seldnet.annotations.dataset import TAU2019
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.scaler import MeanAndScale, scaler_digest
from seldnet.methods.registry import METHODS
from seldnet.training.run import Run

NB_FRAMES, BINS = 300, 32
DATASET = dataclasses.replace(TAU2019, recording_s=NB_FRAMES / 50, sample_rate_hz=50 * BINS)
NB_COLUMNS = 8 * BINS
SIZES = {'batch_size': 8, 'sequence_length': 50, 'pool_size': [4, 2], 'epochs_per_fit': 1}


def make_features(folder: Path) -> Path:
    """Features and labels of 12 development and 2 evaluation recordings, as an extraction leaves them."""
    rng = np.random.default_rng(0)
    names = [f'split{split}_ir{n}_ov1_{n}' for split in (1, 2, 3, 4) for n in range(3)]
    names += ['split0_1', 'split0_2']
    for name in names:
        kind = 'eval' if name.startswith('split0') else 'dev'
        active = np.repeat(rng.random((NB_FRAMES // 30, 11)) < 0.1, 30, axis=0)
        azimuth = np.where(active, rng.integers(-18, 18, 11) * 10, 180)
        elevation = np.where(active, rng.integers(-4, 5, 11) * 10, 50)
        features = rng.normal(size=(NB_FRAMES, NB_COLUMNS)).astype(np.float32)
        features[:, :88] += np.tile(active * 3.0, 8)
        labels = np.hstack((active, azimuth, elevation)).astype(np.int16)
        for subfolder, array in ((f'foa_{kind}_norm', features), (f'foa_{kind}_label', labels)):
            (folder / subfolder).mkdir(exist_ok=True)
            np.save(folder / subfolder / f'{name}.npy', array)
    write_scaler(folder, np.zeros(NB_COLUMNS))
    return folder


def write_scaler(folder: Path, mean: np.ndarray) -> None:
    """A scaler, as if the features had been normalised with it."""
    scaler = MeanAndScale(mean, np.ones(NB_COLUMNS))
    np.savez(folder / 'foa_wts.npz', mean=scaler.mean, scale=scaler.scale,
             facts=json.dumps(DATASET.audio_facts()))
    note_as_extracted(folder)


def note_as_extracted(folder: Path) -> None:
    """State files that say that what is there is all there is to be."""
    for is_eval in (False, True):
        recordings = RecordingSet(Path(), folder, 'foa', is_eval, dataset=DATASET)
        recordings.state_file.unlink(missing_ok=True)
        state = recordings.state()
        for kind in ('features', 'labels'):
            for path in sorted(recordings.folder(kind).glob('*.npy')):
                state.note(kind, path.stem, {})
        state.update(complete=True, feature_dtype='float32', dataset=DATASET.facts(),
                     scaler_digest=scaler_digest(recordings.scaler()))


def build(data_in, nb_classes, params, *, jit_compile=None):
    """Two linear heads with dropout: what training does with a network does not depend on which it is."""
    import keras

    features = keras.Input(data_in[1:])
    frames = keras.layers.Reshape((data_in[1], -1))(features)
    frames = keras.layers.Dropout(params['dropout_rate'])(frames)
    model = keras.Model(features, [keras.layers.Dense(nb_classes, 'sigmoid', name='sed_out')(frames),
                                   keras.layers.Dense(2 * nb_classes, name='doa_out')(frames)])
    # Compiling a graph takes longer than a few batches, and TensorFlow never forgets it.
    model.compile(keras.optimizers.Adam(params['learning_rate']), ['binary_crossentropy', 'mse'], [1, 50],
                  run_eagerly=True)
    return model


STAND_IN = dataclasses.replace(METHODS['released'], name='stand_in', build=build)


def make_run(tmp_path: Path, features: Path, *, job: str = 'job', test_split: int = 1, find_versions=None,
             **settings) -> Run:
    """The run of a fold of task 1; files go under `tmp_path`."""
    params = parameter.get_params('1', **(SIZES | {
        'quick_test': False, 'feat_label_dir': features, 'model_dir': tmp_path / 'models',
        'dcase_dir': tmp_path / 'results'} | settings))
    fold, = DATASET.chosen_folds(params['mode'], [test_split])
    return Run('1', job, fold, params, DATASET, find_versions or (lambda: {'keras': '3'}))
