"""An untrained network with everything that training leaves beside a model, for the tests of prediction."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile

import parameter
from cls_feature_class import FeatureClass
from seldnet.annotations.dataset import TAU2019
from seldnet.common.files import write_json
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training.run import Run

NAME = 'split1_ir0_ov1_1'
LENGTH = 128  # frames of a sequence
SHORT = dataclasses.replace(TAU2019, recording_s=20)
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'


def noise(seconds, seed=0, rate_hz=48000, channels=4):
    return np.random.default_rng(seed).normal(scale=0.05, size=(round(seconds * rate_hz), channels))


class Untrained(NamedTuple):
    """A run and what it was made of."""

    run: Run
    model: Path
    recording: Path

    def copy(self, folder: Path, *, without: str | None = None, facts: Any = None, job: str = 'job',
             **params: Any) -> Path:
        """Path of a copy of the model with the files beside it, one of which may be missing.

        Facts of a data set and settings may be others than those of the model, and the job too.
        """
        folder.mkdir(exist_ok=True)
        name = self.run.name.replace('_job_', f'_{job}_')
        for ending in ('_model.keras', '.json', '_wts.npz'):
            if ending != without:
                shutil.copy(self.run.path(ending), folder / f'{name}{ending}')
        if facts is not None or params:
            stored = {} if facts is None else {'dataset_facts': facts}
            write_json(folder / f'{name}.json', {'params': self.run.params | params, **stored})
        return folder / f'{name}_model.keras'


def make(folder: Path) -> Untrained:
    """A recording of 20 s, its features and labels, and what seld.py leaves of an untrained network."""
    for name in ('data/foa_dev', 'data/metadata_dev', 'models'):
        (folder / name).mkdir(parents=True)
    recording = folder / f'data/foa_dev/{NAME}.wav'
    soundfile.write(recording, noise(20), 48000)
    (folder / f'data/metadata_dev/{NAME}.csv').write_text(f'{HEADER}cough,0.5,1.5,-10,-10,2\n')
    params = parameter.get_params(
        dataset_dir=folder / 'data', feat_label_dir=folder / 'features', model_dir=folder / 'models',
        dcase_dir=folder / 'results', quick_test=False, n_jobs=1, nb_cnn2d_filt=2, pool_size=[16, 8, 8],
        rnn_size=[4], fnn_size=[4])
    features = FeatureClass(params['dataset_dir'], params['feat_label_dir'], n_jobs=1, dataset_facts=SHORT)
    for stage in (features.extract_all_feature, features.preprocess_features, features.extract_all_labels):
        stage()
    run = Run('1', 'job', SHORT.chosen_folds('dev', [1])[0], params, SHORT)
    model = network.build(METHODS['released'], (None, LENGTH, 1024, 8), 11, params, seed=1)
    model.optimizer.build(model.trainable_variables)  # as after a training
    network.save(model, run.path('_model.keras'))
    shutil.copy(features.get_normalized_wts_file(), run.path('_wts.npz'))
    write_json(run.path('.json'), {'params': params})
    return Untrained(run, run.path('_model.keras'), recording)
