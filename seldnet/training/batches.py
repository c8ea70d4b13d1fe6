"""Features and labels on disk -> batches for a network.

The recordings of some splits are strung together in file order and cut into sequences of `seq_len` frames and
batches of `batch_size` sequences; sequences run across the borders of recordings, and what is left at the end
of the list is dropped, as in the 2019 release. With `per_file` each recording is filled up to whole
sequences; a batch is one recording or, where these are of lengths of their own, `batch_size` sequences.
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
    batch_size, seq_len : int
        Sequences in a batch, frames in a sequence.
    per_file : bool
        Each recording is filled up to whole sequences of its own. A batch is a recording, ceil(frames /
        seq_len) sequences whatever `batch_size`, unless there are `own_lengths`.
    rng_seed : sequence of int or None
        If given, the order of the recordings is drawn anew for each epoch, from this seed and the epoch's
        number.
    scattered : bool
        With a seed: the sequences of a batch come from anywhere rather than one after the other, and are cut
        elsewhere in each epoch.
    rotations : sequence of Rotated
        With a seed: each sequence is rotated by one of these, drawn anew.
    max_batches : int or None
        Stop an epoch after this many batches; with `per_file` after this many recordings.
    own_lengths : bool
        Whether recordings may be of different lengths.

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
                 method: Method, nb_planes: int, batch_size: int, seq_len: int, per_file: bool,
                 rng_seed: Sequence[int] | None, scattered: bool, rotations: Sequence[Rotated],
                 max_batches: int | None, own_lengths: bool):
        nb_used = max_batches if per_file else None  # recordings
        self._features = list(features)[:nb_used]
        self._labels = None if labels is None else list(labels)[:nb_used]
        self._lengths = np.array([array.shape[0] for array in self._features])
        self._method = method
        self._nb_planes = nb_planes
        self._rng_seed = rng_seed
        self._per_file = per_file
        self._scattered = scattered and rng_seed is not None
        self._rotations = rotations if rng_seed is not None else ()
        self.seq_len = seq_len
        self._nb_sequences = -(-self._lengths // seq_len)  # of each recording, if it is filled up
        is_recording = per_file and not own_lengths
        self.batch_size = int(self._nb_sequences[0]) if is_recording else batch_size
        self._batch_frames = seq_len * self.batch_size
        if per_file:
            self.per_epoch = -(-int(self._nb_sequences.sum()) // self.batch_size)
        else:
            self.per_epoch = int(self._lengths.sum()) // self._batch_frames
            if max_batches is not None:
                self.per_epoch = min(self.per_epoch, max_batches)
        self.first_epoch, self.nb_epochs = 0, 1
        self.fixed_rotation: Rotated | None = None

    @property
    def nb_frames(self) -> int:
        """Frames of a recording, of the longest one."""
        return int(self._lengths.max())

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """Of a batch of features: (batch, frames, bins, planes)."""
        return (self.batch_size, self.seq_len, self._features[0].shape[1] // self._nb_planes, self._nb_planes)

    @property
    def names(self) -> list[str]:
        """File names of the recordings that are read, in order (shuffling does not show here)."""
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
            drawn.planes.apply(sequence, out=sequence)
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

    def without_fill(self, sequences: np.ndarray) -> list[np.ndarray]:
        """Sequences of per-file batches -> recordings.

        Parameters
        ----------
        sequences : array, shape (sequences, seq_len, columns)
            Of all batches, one after the other.

        Returns
        -------
        list of arrays, shape (frames, columns)
            Of each recording.

        Raises
        ------
        ValueError
            If they are not the sequences of all batches.
        """
        if len(sequences) != self.per_epoch * self.batch_size:
            raise ValueError(f'{len(sequences)} sequences, expected {self.per_epoch * self.batch_size}')
        ends = np.cumsum(self._nb_sequences)
        return [sequences[end - number:end].reshape(-1, sequences.shape[-1])[:length]
                for end, number, length in zip(ends, self._nb_sequences, self._lengths)]

    def describe_non_finite(self) -> str:
        """Which stored features are not finite, in words (for a loss that is not a number)."""
        for array in self._features:
            frames = np.flatnonzero(~np.isfinite(array.open()).all(axis=1))
            if len(frames):
                return f'{array.path}: non-finite features in frame {frames[0]}'
        return 'all features are finite'

    def _read(self, arrays: Sequence[StoredArray], index: int, dtype: type,
              fill: float | np.ndarray) -> np.ndarray:
        """The sequences of a batch (batch, seq_len, columns); no file stays open."""
        epoch, index = divmod(index, self.per_epoch)
        rng = self._rng_of_epoch(epoch)
        order = np.arange(len(arrays)) if rng is None else rng.permutation(len(arrays))
        frames = np.empty((self._batch_frames, arrays[0].shape[1]), dtype)
        if self._per_file:
            frames[:] = fill
            self._read_filled_up([arrays[place] for place in order], self._nb_sequences[order],
                                 index * self.batch_size, frames)
        else:
            lengths = self._lengths[order]
            filled = 0
            for start, stop in self._pieces(index, rng):
                for place, first, last in _cut(lengths, start, stop):
                    arrays[order[place]].read_into(frames[filled:filled + last - first], first)
                    filled += last - first
        return frames.reshape(self.batch_size, self.seq_len, -1)

    def _read_filled_up(self, arrays: Sequence[StoredArray], nb_sequences: np.ndarray, first: int,
                        frames: np.ndarray) -> None:
        """Read a batch of which `first` is the first sequence, counted in recordings that are filled up."""
        for place, start, stop in _cut(nb_sequences, first, first + self.batch_size):
            target = (int(nb_sequences[:place].sum()) + start - first) * self.seq_len
            first_frame, end = start * self.seq_len, min(stop * self.seq_len, arrays[place].shape[0])
            arrays[place].read_into(frames[target:target + end - first_frame], first_frame)

    def _rng_of_epoch(self, epoch: int) -> np.random.Generator | None:
        """What an epoch draws, first of all the order of the recordings; None where nothing is drawn."""
        return None if self._rng_seed is None else np.random.default_rng(
            [*self._rng_seed, self.first_epoch + epoch])

    def _pieces(self, index: int, rng: np.random.Generator | None) -> list[tuple[int, int]]:
        """First frame, and that after the last, of what makes up a batch, in all frames strung together."""
        first = index * self._batch_frames
        if not self._scattered:
            return [(first, first + self._batch_frames)]
        all_frames = int(self._lengths.sum())
        nb_sequences = all_frames // self._batch_frames * self.batch_size
        offset = int(rng.integers(all_frames - nb_sequences * self.seq_len + 1))
        chosen = rng.permutation(nb_sequences)[index * self.batch_size:(index + 1) * self.batch_size]
        return [(offset + place * self.seq_len, offset + (place + 1) * self.seq_len)
                for place in chosen.tolist()]

    def _drawn_rotations(self, index: int) -> list[Rotated]:
        """The rotation of each sequence of a batch; empty where there are none."""
        if self.fixed_rotation:
            return [self.fixed_rotation] * self.batch_size
        if not self._rotations:
            return []
        epoch, index = divmod(index, self.per_epoch)
        rng = np.random.default_rng([*self._rng_seed, self.first_epoch + epoch, index])
        return [self._rotations[place] for place in rng.integers(len(self._rotations), size=self.batch_size)]


def _cut(lengths: np.ndarray, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Pieces (place, first, last) of things of some lengths that make up a part of all strung together."""
    ends = np.cumsum(lengths)
    place = int(np.searchsorted(ends, start, side='right'))
    while start < stop and place < len(lengths):
        before = int(ends[place] - lengths[place])
        last = min(stop, int(ends[place]))
        if last > start:
            yield place, start - before, last - before
        start, place = last, place + 1


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
    own_lengths = recordings.dataset.nb_frames is None
    _check_shapes(features, [None if own_lengths else features[0].shape[0]] * len(files),
                  features[0].shape[1])
    labels = None
    if not recordings.is_eval:
        labels = [stored_labels(recordings.folder('labels') / path.name) for path in files]
        _check_shapes(labels, [array.shape[0] for array in features],
                      COLUMNS_A_CLASS * recordings.dataset.nb_classes)
    _, nb_planes = recordings.kind.frame_shape(recordings.dataset, recordings.audio_format)
    batches = Batches(features, labels, method=method, nb_planes=nb_planes, batch_size=batch_size,
                      seq_len=seq_len, per_file=per_file, rng_seed=rng_seed, scattered=method.scattered,
                      rotations=find_rotations(recordings.kind, recordings.audio_format) if rotate else (),
                      max_batches=max_batches, own_lengths=own_lengths)
    if not len(batches):
        raise InputError(f'{folder}: {len(files)} recordings of {sum(array.shape[0] for array in features)} '
                         f'frames together are too few for one batch of {batch_size} sequences of {seq_len} '
                         'frames; set a smaller batch_size or sequence_length')
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


def _check_shapes(arrays: Sequence[StoredArray], nb_frames: Sequence[int | None], nb_columns: int) -> None:
    """Raise an InputError for the first array of another shape; None stands for any number of frames."""
    for array, expected in zip(arrays, nb_frames):
        found = array.shape
        if found[1] != nb_columns or expected not in (None, found[0]):
            raise InputError(f'{array.path}: {found[0]} frames of {found[1]} columns, expected '
                             f'{expected or "frames"} of {nb_columns} as the other files and the data set '
                             'have; extract the features again')
