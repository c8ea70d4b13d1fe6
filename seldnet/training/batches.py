"""Features and labels on disk -> batches for a network.

The recordings of some splits are strung together in file order and cut into sequences of `seq_len` frames and
batches of `batch_size` sequences; sequences run across the borders of recordings, and what is left at the end
of the list is dropped, as in the 2019 release. With `per_file` a batch is one recording, filled up to whole
sequences.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seldnet.annotations.labels import COLUMNS_A_CLASS, silent_label, split_labels
from seldnet.common.errors import InputError
from seldnet.common.files import list_entries
from seldnet.extraction.arrays import StoredArray, stored_features, stored_labels
from seldnet.extraction.features import FeatureKind
from seldnet.extraction.recording_set import RecordingSet
from seldnet.extraction.rotations import ChannelMap, Rotation, rotations_of
from seldnet.methods.method import Method

FILL_FEATURE = 1e-6  # in the frames that fill up the last sequence of a recording


class Rotated(NamedTuple):
    """How sequences may be rotated: labels by a rotation, planes of features by what it does to them."""

    rotation: Rotation
    planes: ChannelMap


class Batches:
    """Random access to the batches of a list of recordings.

    `batches[i]` is `(features, targets)`, or features alone where there are no labels: features float32
    (batch, seq_len, bins, planes), targets a tuple as the method makes them. It is an IndexError for i other
    than 0..len(batches) - 1, and an InputError if a file has changed since its header was read.

    Which batch is `batches[i]` depends on i alone, not on what was read before: whoever reads, in whatever
    thread, and whenever a stopped training goes on, gets the same.

    Parameters
    ----------
    features, labels : sequence of StoredArray
        Of the recordings, in the order in which they are strung together; `labels` None for recordings
        without labels.
    method : Method
        Whose targets are made.
    nb_planes : int
        Planes of a frame, of which the columns of a row hold the bins.
    nb_frames : int
        Frames of a recording.
    batch_size, seq_len : int
        Sequences in a batch, frames in a sequence.
    per_file : bool
        One batch a recording, ceil(nb_frames / seq_len) sequences of it whatever `batch_size`.
    rng_seed : sequence of int or None
        If given, the order of the recordings is drawn anew for each epoch, from this seed and the epoch's
        number.
    scattered : bool
        With a seed: the sequences of a batch come from anywhere rather than one after the other, and are cut
        elsewhere in each epoch.
    rotations : sequence of Rotated
        With a seed: each sequence is rotated by one of these, drawn anew.
    max_batches : int or None
        Stop an epoch after this many batches.

    Attributes
    ----------
    seq_len : int
        Frames in a sequence.
    batch_size : int
        Sequences in a batch, those of `per_file` included.
    per_epoch : int
        Batches of an epoch.
    first_epoch, nb_epochs : int
        The epochs that are strung together, as of `epochs`; at first epoch 0 alone.
    """

    def __init__(self, features: Sequence[StoredArray], labels: Sequence[StoredArray] | None, *,
                 method: Method, nb_planes: int, nb_frames: int, batch_size: int, seq_len: int,
                 per_file: bool = False, rng_seed: Sequence[int] | None = None, scattered: bool = False,
                 rotations: Sequence[Rotated] = (), max_batches: int | None = None):
        self._features = list(features)
        self._labels = None if labels is None else list(labels)
        self._method = method
        self._nb_planes = nb_planes
        self._nb_frames = nb_frames
        self._rng_seed = rng_seed
        self._per_file = per_file
        self._scattered = scattered and rng_seed is not None
        self._rotations = rotations if rng_seed is not None else ()
        self.seq_len = seq_len
        self.batch_size = -(-nb_frames // seq_len) if per_file else batch_size
        self._batch_frames = seq_len * self.batch_size
        self.per_epoch = len(self._features)
        if not per_file:
            self.per_epoch = self.per_epoch * nb_frames // self._batch_frames
        if max_batches is not None:
            self.per_epoch = min(self.per_epoch, max_batches)
        self.first_epoch, self.nb_epochs = 0, 1
        self.fixed_rotation: Rotated | None = None

    @property
    def nb_frames(self) -> int:
        """Frames of a recording."""
        return self._nb_frames

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """Of a batch of features: (batch, frames, bins, planes)."""
        return (self.batch_size, self.seq_len, self._features[0].shape[1] // self._nb_planes, self._nb_planes)

    @property
    def names(self) -> list[str]:
        """File names of the recordings, in order (shuffling does not show here)."""
        return [array.path.name for array in self._features]

    def epochs(self, first: int, number: int) -> 'Batches':
        """The batches of epochs `first`, `first` + 1, ... strung together; those of epoch 0 are `batches`.

        Parameters
        ----------
        first : int
            Counted from 0.
        number : int
            How many, at least 1.

        Returns
        -------
        Batches
            With `number` * `per_epoch` batches.
        """
        several = copy.copy(self)
        several.first_epoch, several.nb_epochs = first, number
        return several

    def rotated_by(self, rotated: Rotated) -> 'Batches':
        """The same batches with every sequence rotated alike.

        Parameters
        ----------
        rotated : Rotated

        Returns
        -------
        Batches
        """
        turned = copy.copy(self)
        turned.fixed_rotation = rotated
        return turned

    def __len__(self) -> int:
        return self.per_epoch * self.nb_epochs

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f'batch {index} of {len(self)}')
        features = self._read(self._features, index, np.float32, FILL_FEATURE)
        features = features.reshape(*features.shape[:2], -1, self._nb_planes)
        for sequence, drawn in zip(features, self._drawn_rotations(index)):
            sequence[:] = drawn.planes.apply(sequence)
        return features if self._labels is None else (features, self.targets(index))

    def targets(self, index: int) -> tuple[np.ndarray, ...]:
        """The targets of a batch, without reading its features.

        Parameters
        ----------
        index : int
            0..len(batches) - 1, of batches that have labels; neither is checked.

        Returns
        -------
        tuple of arrays, shape (batch, seq_len, columns)
            As of `Method.make_targets`.

        Raises
        ------
        InputError
            If a file of labels has changed since its header was read.
        """
        silence = silent_label(self._labels[0].shape[1] // COLUMNS_A_CLASS)
        labels = self._read(self._labels, index, np.float64, silence)
        for sequence, drawn in zip(labels, self._drawn_rotations(index)):
            sequence[:] = drawn.rotation.rotate_labels(sequence)
        return self._method.make_targets(*split_labels(labels))

    def all_targets(self) -> list[np.ndarray]:
        """The targets of all batches of an epoch, strung together: (sequences, frames, columns) each."""
        return [np.concatenate(arrays) for arrays in zip(*map(self.targets, range(len(self))))]

    def without_fill(self, sequences: np.ndarray) -> np.ndarray:
        """Sequences of per-file batches (sequences, frames, columns) -> (recordings, frames, columns).

        Parameters
        ----------
        sequences : array, shape (sequences, frames, columns)
            Of all sequences of some recordings.

        Returns
        -------
        array, shape (recordings, nb_frames, columns)

        Raises
        ------
        ValueError
            If they are not the sequences of whole recordings.
        """
        recordings = sequences.reshape(-1, self._batch_frames, sequences.shape[-1])
        return recordings[:, :self._nb_frames]

    def describe_non_finite(self) -> str:
        """Which stored features are not finite, in words (for a loss that is not a number)."""
        for array in self._features:
            frames = np.flatnonzero(~np.isfinite(array.open()).all(axis=1))
            if len(frames):
                return f'{array.path}: non-finite features in frame {frames[0]}'
        return 'all features are finite'

    def _read(self, arrays: Sequence[StoredArray], index: int, dtype: type,
              fill: float | np.ndarray) -> np.ndarray:
        """The sequences of a batch (batch, seq_len, columns); files are mapped, copied from and let go."""
        epoch, index = divmod(index, self.per_epoch)
        rng = self._rng_of_epoch(epoch)
        if rng is not None:
            arrays = [arrays[place] for place in rng.permutation(len(arrays))]
        if self._per_file:
            parts = [arrays[index].open()]
        else:
            parts = [part for start, stop in self._pieces(index, rng)
                     for part in self._slices(arrays, start, stop)]
        frames = np.empty((self._batch_frames, parts[0].shape[1]), dtype)
        filled = 0
        for part in parts:
            frames[filled:filled + len(part)] = part
            filled += len(part)
        frames[filled:] = fill
        return frames.reshape(self.batch_size, self.seq_len, -1)

    def _rng_of_epoch(self, epoch: int) -> np.random.Generator | None:
        """What an epoch draws, first of all the order of the recordings; None where nothing is drawn."""
        return None if self._rng_seed is None else np.random.default_rng(
            [*self._rng_seed, self.first_epoch + epoch])

    def _pieces(self, index: int, rng: np.random.Generator | None) -> list[tuple[int, int]]:
        """First frame, and that after the last, of what makes up a batch, in all frames strung together."""
        first = index * self._batch_frames
        if not self._scattered:
            return [(first, first + self._batch_frames)]
        all_frames = len(self._features) * self._nb_frames
        nb_sequences = all_frames // self._batch_frames * self.batch_size
        offset = int(rng.integers(all_frames - nb_sequences * self.seq_len + 1))
        chosen = rng.permutation(nb_sequences)[index * self.batch_size:(index + 1) * self.batch_size]
        return [(offset + place * self.seq_len, offset + (place + 1) * self.seq_len)
                for place in chosen.tolist()]

    def _slices(self, arrays: Sequence[StoredArray], start: int, stop: int) -> Iterator[np.ndarray]:
        """The pieces of recordings that make up some frames of all frames strung together."""
        while start < stop:
            place, first = divmod(start, self._nb_frames)
            part = arrays[place].open()[first:first + stop - start]
            yield part
            start += len(part)

    def _drawn_rotations(self, index: int) -> list[Rotated]:
        """The rotation of each sequence of a batch; empty where there are none."""
        if self.fixed_rotation:
            return [self.fixed_rotation] * self.batch_size
        if not self._rotations:
            return []
        epoch, index = divmod(index, self.per_epoch)
        rng = np.random.default_rng([*self._rng_seed, self.first_epoch + epoch, index])
        return [self._rotations[place] for place in rng.integers(len(self._rotations), size=self.batch_size)]


def open_batches(recordings: RecordingSet, method: Method, splits: Sequence[int], *, batch_size: int,
                 seq_len: int, per_file: bool = False, rng_seed: Sequence[int] | None = None,
                 rotate: bool = False, max_batches: int | None = None) -> Batches:
    """The batches of the recordings of some splits; those of the evaluation set have no labels.

    Parameters
    ----------
    recordings : RecordingSet
        Whose features and labels are read.
    splits : sequence of int
    rotate : bool
        Rotate each sequence by one of the format's rotations, drawn from the seed.
    method, batch_size, seq_len, per_file, rng_seed, max_batches
        As of `Batches`.

    Returns
    -------
    Batches

    Raises
    ------
    InputError
        If features or labels are missing, unreadable or of another shape, or no recording is in the splits.
    """
    folder = recordings.folder('features')
    files = _files_of_splits(recordings, splits)
    features = [stored_features(path) for path in files]
    nb_frames, _ = _common_shape(features)
    labels = None
    if not recordings.is_eval:
        labels = [stored_labels(recordings.folder('labels') / path.name) for path in files]
        _common_shape(labels, nb_frames=nb_frames)
    _, nb_planes = recordings.kind.frame_shape(recordings.dataset, recordings.audio_format)
    batches = Batches(features, labels, method=method, nb_planes=nb_planes, nb_frames=nb_frames,
                      batch_size=batch_size, seq_len=seq_len, per_file=per_file, rng_seed=rng_seed,
                      scattered=method.scattered, max_batches=max_batches,
                      rotations=find_rotations(recordings.kind, recordings.audio_format) if rotate else ())
    if not len(batches):
        raise InputError(f'{folder}: {len(files)} recordings of {nb_frames} frames are too few for one batch '
                         f'of {batch_size} sequences of {seq_len} frames')
    return batches


def find_rotations(kind: FeatureKind, audio_format: str, setting: str = 'rotate') -> list[Rotated]:
    """The rotations of features, that which changes nothing first.

    Parameters
    ----------
    kind : FeatureKind
    audio_format : {'foa', 'mic'}
    setting : str
        That asks for them, for the message.

    Returns
    -------
    list of Rotated

    Raises
    ------
    InputError
        If features of this kind cannot be rotated.
    """
    if kind.plane_map is None:
        raise InputError(f'setting {setting}: features of the kind {kind.name} cannot be rotated; expected '
                         'False, or another model_variant')
    return [Rotated(rotation, kind.plane_map(rotation, audio_format))
            for rotation in rotations_of(audio_format)]


def _files_of_splits(recordings: RecordingSet, splits: Sequence[int]) -> list[Path]:
    """The feature files whose recordings belong to the splits, in order."""
    folder = recordings.folder('features')
    files = list_entries(folder, '.npy')
    chosen = [path for path in files if recordings.dataset.parse_name(path).split in splits]
    if not chosen:
        wanted = ', '.join(map(str, splits))
        found = f'{len(files)} recordings, none of them of split {wanted}' if files else 'no features'
        raise InputError(f'{folder}: {found}; run batch_feature_extraction.py on a data set that has split '
                         f'{wanted}')
    return chosen


def _common_shape(arrays: Sequence[StoredArray], nb_frames: int | None = None) -> tuple[int, int]:
    """The (frames, columns) that all arrays have; InputError for the first that has others."""
    expected = None if nb_frames is None else (nb_frames, None)
    for array in arrays:
        path, shape = array.path, array.shape
        expected = expected or shape
        if shape[0] != expected[0] or expected[1] not in (None, shape[1]):
            raise InputError(f'{path}: {shape[0]} frames of {shape[1]} columns, expected {expected[0]} of '
                             f'{expected[1] or shape[1]} as in the other files; extract the features again')
        expected = shape
    return expected
