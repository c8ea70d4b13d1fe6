"""One or several trained models as one: whether they fit each other, what they find together, thresholds."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations.dataset import Dataset
from seldnet.annotations.output_format import active_rows
from seldnet.common.errors import InputError, listed
from seldnet.extraction.levels import Magnitudes
from seldnet.methods.averaging import average_degrees
from seldnet.methods.soft_scores import Scores, Thresholds, checked_thresholds
from seldnet.prediction.sequences import feature_blocks, predict_scores
from seldnet.prediction.trained_model import Network, TrainedModel, read_trained_model

Models = str | Path | TrainedModel | Sequence[str | Path | TrainedModel]


class Ensemble:
    """Trained models whose activities are averaged, and whose directions are as vectors.

    Parameters
    ----------
    models : path, TrainedModel or sequence of these
        At least one.
    overlap : int, optional
        Frames that neighbouring sequences share; by default half a sequence of each model.
    thresholds : float or mapping, optional
        A class is active where its activity is above it: one for all, or by name; by default that of the
        method (of several, their mean).

    Attributes
    ----------
    models : list of TrainedModel
    thresholds : float array, shape (classes,)

    Raises
    ------
    InputError
        If a model cannot be read, the models do not fit each other, or the overlap or a threshold is none.
    """

    def __init__(self, models: Models, *, overlap: int | None = None, thresholds: Thresholds | None = None):
        several = [models] if isinstance(models, str | Path | TrainedModel) else list(models)
        self.models = [model if isinstance(model, TrainedModel) else read_trained_model(model)
                       for model in several]
        if not self.models:
            raise InputError('no model, expected one or several')
        for model in self.models[1:]:
            _check_fit(self.models[0], model)
        self._overlaps = [check_overlap(model, overlap) for model in self.models]
        # As training's tests are written.
        rounds = self.is_end_to_end and any(model.method.rounds_to_grid for model in self.models)
        self._grid = self.dataset.grid if rounds else None
        usual = np.mean([np.broadcast_to(model.method.activity_threshold, self.dataset.nb_classes)
                         for model in self.models], axis=0)
        self.thresholds = checked_thresholds(thresholds, usual, self.dataset)

    @property
    def dataset(self) -> Dataset:
        """The data set that all models were trained on."""
        return self.models[0].dataset

    @property
    def is_end_to_end(self) -> bool:
        """Whether sequences stand end to end, as in `seld.py`."""
        return not any(self._overlaps)

    @property
    def precision(self) -> str:
        """Of the spectra, as of `stft_blocks`: what the most demanding of the models' features need."""
        return max(model.method.kind.precision for model in self.models)  # float32 < float64

    @property
    def audio_format(self) -> str:
        """'foa' or 'mic'."""
        return self.models[0].audio_format

    @property
    def name(self) -> str:
        """Of the run, or of the first and how many more."""
        more = f'_and_{len(self.models) - 1}_more' if len(self.models) > 1 else ''
        return self.models[0].name + more

    @property
    def in_words(self) -> str:
        """Name, format, method and classes, in a line."""
        methods = ', '.join(dict.fromkeys(model.method.name for model in self.models))
        return (f'{self.name}: {self.audio_format}, method {methods}, {self.dataset.nb_classes} classes: '
                f'{listed(self.dataset.classes, 50)}')

    def delay_frames(self, batch_sequences: int = 1) -> int:
        """Frames from a sound to its row, at most, in `predict_stream`.

        Parameters
        ----------
        batch_sequences : int
            Sequences that a network is given at a time.

        Returns
        -------
        int
            Of a sequence, of the sequences that it waits for, and of half a window of the spectra.
        """
        return _WINDOW_FRAMES + max(
            model.sequence_length + (batch_sequences - 1) * (model.sequence_length - overlap)
            for model, overlap in zip(self.models, self._overlaps))

    def scores(self, spectra: Iterable[np.ndarray], networks: Sequence[Network],
               magnitudes: Magnitudes | None = None, batch_sequences: int | None = None) -> Iterator[Scores]:
        """What the models find together, piece by piece.

        Parameters
        ----------
        spectra : iterable of complex arrays, shape (frames, bins, 4)
        networks : sequence of functions
            One a model, of `TrainedModel.load_network`.
        magnitudes : Magnitudes, optional
            Where levels are noted, as the first model's features have them.
        batch_sequences : int, optional
            Sequences that a network is given at a time; by default the models'.

        Yields
        ------
        Scores
        """
        copies = itertools.tee(spectra, len(self.models))
        parts = [predict_scores(feature_blocks(copy, model, None if place else magnitudes), model, network,
                                overlap, batch_sequences)
                 for place, (copy, model, network, overlap) in enumerate(
                     zip(copies, self.models, networks, self._overlaps, strict=True))]
        return parts[0] if len(parts) == 1 else mean_scores(parts)

    def rows(self, scores: Scores, first_frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the output format.

        Parameters
        ----------
        scores : Scores
        first_frame : int
            Number of their first frame.

        Returns
        -------
        rows : int array, shape (rows, 4)
            Frame, class, azimuth, elevation.
        activity : array, shape (rows,)

        Raises
        ------
        ValueError
            If a direction is not finite.
        """
        activity, *directions_deg = scores
        if self._grid:
            directions_deg = self._grid.nearest(*directions_deg)
        rows = active_rows(activity > self.thresholds, *directions_deg)
        activity = activity[rows[:, 0], rows[:, 1]]
        rows[:, 0] += first_frame
        return rows, activity


_WINDOW_FRAMES = 2  # a window of 40 ms around the start of a frame, and the frame that it ends in


def mean_scores(parts: Sequence[Iterator[Scores]]) -> Iterator[Scores]:
    """The mean of what several models find in the same frames, whatever pieces it comes in.

    Parameters
    ----------
    parts : sequence of iterators of Scores
        Together of equally many frames each.

    Yields
    ------
    Scores
        The mean of the activities; directions averaged as vectors that are as long as the activities.
    """
    waiting = [Scores(*[np.zeros((0, 0))] * 3) for _ in parts]
    while True:
        for place, part in enumerate(parts):
            while not len(waiting[place].activity):
                following = next(part, None)
                if following is None:
                    return
                waiting[place] = following
        nb_frames = min(len(scores.activity) for scores in waiting)
        yield Scores(*average_degrees([[column[:nb_frames] for column in scores] for scores in waiting]))
        waiting = [Scores(*(column[nb_frames:] for column in scores)) for scores in waiting]


def _check_fit(first: TrainedModel, other: TrainedModel) -> None:
    for what, found, expected in (
            ('classes', listed(other.dataset.classes), listed(first.dataset.classes)),
            ('format', other.audio_format, first.audio_format),
            ('rate', f'{other.dataset.sample_rate_hz} Hz', f'{first.dataset.sample_rate_hz} Hz')):
        same = other.dataset.classes == first.dataset.classes if what == 'classes' else found == expected
        if not same:
            raise InputError(f'{other.path}: does not fit {first.path.name}: {what} {found}, expected '
                             f'{expected}; average models of one data set and format')


def check_overlap(model: TrainedModel, overlap: int | None) -> int:
    """The overlap in frames, by default half a sequence.

    Parameters
    ----------
    model : TrainedModel
    overlap : int or None

    Returns
    -------
    int
        0..sequence_length - 1.

    Raises
    ------
    InputError
        If it is negative, or not shorter than a sequence.
    """
    overlap = model.sequence_length // 2 if overlap is None else overlap
    if not 0 <= overlap < model.sequence_length:
        raise InputError(f'--overlap: got {overlap}, expected 0 to {model.sequence_length - 1}: the '
                         f'sequences of this model are {model.sequence_length} frames long')
    return overlap
