"""A trained model and what training left beside it: settings and scaler."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import AMBISONICS, FORMATS, NB_CHANNELS, TAU2019, Dataset
from seldnet.annotations.stored_facts import stored_dataset
from seldnet.common.errors import InputError
from seldnet.common.saved_json import (
    POSITIVE,
    TEXT,
    TRUE_OR_FALSE,
    Fields,
    ListOf,
    OrNone,
    one_of,
    read_saved_json,
)
from seldnet.extraction.features import DTYPES
from seldnet.extraction.scaler import MeanAndScale, load_mean_and_scale
from seldnet.methods.averaging import average_outputs
from seldnet.methods.method import Method
from seldnet.methods.registry import METHODS
from seldnet.training import network
from seldnet.training.batches import Rotated, find_rotations
from seldnet.training.run import MODEL_ENDING, SCALER_ENDING, SETTINGS_ENDING

# What prediction needs of the settings; runs of earlier versions may lack the optional ones.
_PARAMS = Fields({'feature_dtype': one_of(DTYPES), 'sequence_length': POSITIVE},
                 {'dataset': one_of(FORMATS), 'model_variant': one_of(METHODS), 'batch_size': POSITIVE,
                  'test_rotations': TRUE_OR_FALSE, 'threshold': OrNone(ListOf(TEXT))})

Network = Callable[[np.ndarray], Sequence[np.ndarray]]  # features (batch, frames, columns) -> outputs
BATCH_SIZE = 16  # of runs that do not say


@dataclass(frozen=True)
class TrainedModel:
    """What is needed of a trained model beside its network.

    Parameters
    ----------
    path : Path
        Of the model.
    method : Method
    audio_format : {'foa', 'mic'}
    feature_dtype : str
        To which features are rounded, as in training.
    sequence_length : int
        Frames.
    scaler : MeanAndScale
    dataset : Dataset
        That the model was trained on.
    rotations : sequence of Rotated
        That predictions are averaged over; empty for none.
    batch_size : int
        Sequences that the network is given at a time where recordings are of lengths of their own.
    """

    path: Path
    method: Method
    audio_format: str
    feature_dtype: str
    sequence_length: int
    scaler: MeanAndScale
    dataset: Dataset = TAU2019
    rotations: Sequence[Rotated] = ()
    batch_size: int = BATCH_SIZE

    @property
    def name(self) -> str:
        """Of the run that trained it."""
        return self.path.name.removesuffix(MODEL_ENDING)

    @property
    def nb_columns(self) -> int:
        """Columns of a row of features."""
        return self.method.kind.nb_columns(self.dataset, self.audio_format)

    @property
    def batch_sequences(self) -> int:
        """Sequences that the network is given at a time: those of a recording, if all are of one length."""
        nb_frames = self.dataset.nb_frames
        return self.batch_size if nb_frames is None else -(-nb_frames // self.sequence_length)

    @property
    def usual_magnitude(self) -> float:
        """Magnitude that recordings usually have of what the model was trained on."""
        usual = self.scaler.usual_magnitude
        return self.method.kind.mean_magnitude(self.scaler.mean) if usual is None else usual

    def load_network(self) -> Network:
        """A function from features (batch, frames, columns) to the network's outputs; loads Keras.

        Returns
        -------
        function
            Features, float32 (batch, frames, columns) -> the network's outputs, arrays (batch, frames,
            columns).

        Raises
        ------
        InputError
            If the model cannot be loaded, or does not suit its settings.
        """
        model = network.load(self.path)
        bins, planes = self.method.kind.frame_shape(self.dataset, self.audio_format)
        expected = (None, self.sequence_length, bins, planes)
        if model.input_shape != expected:
            raise InputError(f'{self.path}: its input has the shape {model.input_shape}, expected {expected} '
                             'by the settings beside it')
        nb_classes = self.dataset.nb_classes
        columns = tuple(output.shape[-1] for output in model.outputs)
        if columns != (right := self.method.target_sizes(nb_classes)):
            raise InputError(f'{self.path}: its outputs have {_sizes(columns)} columns, expected '
                             f'{_sizes(right)} for the {nb_classes} classes by the settings beside it')

        def outputs_as_it_is(features: np.ndarray) -> Sequence[np.ndarray]:
            outputs = model.predict_on_batch(features)
            outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
            network.refuse_diverged(outputs, self.path)
            return outputs

        def outputs_of(features: np.ndarray) -> Sequence[np.ndarray]:
            features = features.reshape(-1, *expected[1:])
            if not self.rotations:
                return outputs_as_it_is(features)
            return average_outputs(self.method, (
                (outputs_as_it_is(rotated.planes.apply(features)), rotated.rotation)
                for rotated in self.rotations))

        return outputs_of


def _sizes(columns: Sequence[int]) -> str:
    return ' and '.join(map(str, columns))


def read_trained_model(path: str | Path) -> TrainedModel:
    """Settings and scaler of a model; its network is loaded when it is needed.

    Parameters
    ----------
    path : path
        Of a file `..._model.keras` that `seld.py` wrote, with the other files of its run beside it.

    Returns
    -------
    TrainedModel
        Of the data set whose facts are among the settings; of TAU 2019 where there are none, as in runs of
        earlier versions.

    Raises
    ------
    InputError
        If the model, its settings or its scaler are missing, or not what `seld.py` writes.
    """
    path = Path(path)
    name = path.name.removesuffix(MODEL_ENDING)
    if not path.is_file() or name == path.name:
        raise InputError(f'{path}: no such model, expected a file ...{MODEL_ENDING} that seld.py wrote')
    settings_path, scaler_path = (path.with_name(f'{name}{ending}')
                                  for ending in (SETTINGS_ENDING, SCALER_ENDING))
    for needed in (settings_path, scaler_path):
        if not needed.is_file():
            raise InputError(f'{needed}: missing, expected beside {path.name}: seld.py writes them '
                             'together, keep them together')
    settings = read_saved_json(settings_path, Fields({'params': _PARAMS}),
                               remedy='copy it again from where the model was trained, or train anew')
    params = settings['params']
    # Runs of earlier versions may lack the others.
    method = METHODS[params.get('model_variant', 'released')]
    audio_format = params.get('dataset', 'foa')
    dataset = stored_dataset(settings, settings_path) or TAU2019
    method = method.with_thresholds(params.get('threshold'), dataset)
    scaler = load_mean_and_scale(scaler_path, method.kind.nb_columns(dataset, audio_format),
                                 method.kind.revision)
    rotations = find_rotations(method.kind, audio_format) if params.get('test_rotations') else ()
    return TrainedModel(path, method, audio_format, params['feature_dtype'], params['sequence_length'],
                        scaler, dataset, rotations, params.get('batch_size', BATCH_SIZE))


def with_audio_options(model: TrainedModel, *, channels: Sequence[int] | None = None,
                       ambisonics: str | None = None) -> TrainedModel:
    """A model that takes recordings of other channels or another convention than its data set's.

    Parameters
    ----------
    model : TrainedModel
    channels : sequence of int, optional
        The four that are used, counted from 1.
    ambisonics : {'n3d', 'sn3d', 'fuma'}, optional
        Convention of recordings whose header declares none.

    Returns
    -------
    TrainedModel

    Raises
    ------
    InputError
        If these are no four channels, or a convention is named for microphone signals.
    """
    dataset = model.dataset
    if channels is not None:
        if len(set(channels)) != NB_CHANNELS or len(channels) != NB_CHANNELS or min(channels) < 1:
            raise InputError(f'--channels: got {" ".join(map(str, channels))}, expected {NB_CHANNELS} '
                             'different channels, counted from 1')
        dataset = dataclasses.replace(dataset, channels=tuple(channels))
    if ambisonics is not None:
        if model.audio_format != 'foa':
            raise InputError(f'--ambisonics: {model.path.name} takes microphone signals, which have none')
        if ambisonics not in AMBISONICS:
            raise InputError(f'--ambisonics: got {ambisonics!r}, expected one of {", ".join(AMBISONICS)}')
        dataset = dataclasses.replace(dataset, ambisonics=ambisonics)
    return dataclasses.replace(model, dataset=dataset)
