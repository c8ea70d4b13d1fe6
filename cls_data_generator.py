"""Features and labels on disk -> batches for the network.

The recordings of some splits are strung together in file order and cut into sequences of `seq_len` frames and
batches of `batch_size` sequences; sequences run across the borders of recordings, and what is left at the end
of the list is dropped, as in the 2019 release. With `per_file` a batch is one recording, filled up to whole
sequences.

This is the only place that knows the scale of the network's direction targets: azimuth in radians, and
elevation * pi / 50, which stretches it to azimuth's range (`scale_directions` and `directions_rad`).
"""

import contextlib
import copy
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

import parameter
from cls_feature_class import FeatureClass, StoredArray, stored_features, stored_labels
from parameter import InputError

ELEVATION_STRETCH = parameter.INACTIVE_AZIMUTH_DEG / parameter.INACTIVE_ELEVATION_DEG
NB_PLANES = 2 * parameter.NB_CHANNELS  # the network's input planes: magnitude and phase of each audio channel
FILL_FEATURE = 1e-6  # in the frames that fill up the last sequence of a recording


def scale_directions(directions_deg: np.ndarray) -> np.ndarray:
    """Azimuths, then elevations (..., 2 * nb_classes) in degrees -> the network's targets of the same
    shape."""
    azimuths_deg, elevations_deg = np.split(np.asarray(directions_deg, np.float64), 2, axis=-1)
    return np.concatenate((azimuths_deg * np.pi / parameter.INACTIVE_AZIMUTH_DEG,
                           elevations_deg * np.pi / parameter.INACTIVE_ELEVATION_DEG), axis=-1)


def directions_rad(targets: np.ndarray) -> np.ndarray:
    """The network's targets or outputs (..., 2 * nb_classes) -> azimuths, then elevations in true radians."""
    azimuths, elevations = np.split(np.asarray(targets, np.float64), 2, axis=-1)
    return np.concatenate((azimuths, elevations / ELEVATION_STRETCH), axis=-1)


class Batches(keras.utils.PyDataset):
    """Random access to the batches of a list of recordings.

    Parameters
    ----------
    features, labels : sequence of StoredArray
        Of the recordings, in the order in which they are strung together; `labels` None for recordings
        without labels.
    nb_frames : int
        Frames of a recording.
    batch_size, seq_len : int
        Sequences in a batch, frames in a sequence.
    per_file : bool
        One batch a recording, ceil(nb_frames / seq_len) sequences of it whatever `batch_size`.
    rng_seed : sequence of int or None
        If given, the order of the recordings is drawn anew for each epoch, from this seed and the epoch's
        number.
    max_batches : int or None
        Stop an epoch after this many batches.

    Which batch is `batches[i]` depends on i alone, not on what was read before: whoever reads, in whatever
    thread, and whenever a stopped training goes on, sees the same.

    `batches[i]` is `(features, (activities, directions))`, or features alone where there are no labels, of
    shapes (batch, seq_len, bins, 8) float32, (batch, seq_len, nb_classes) float32 and (batch, seq_len, 2 *
    nb_classes) float64.
    """

    def __init__(self, features: Sequence[StoredArray], labels: Sequence[StoredArray] | None, *,
                 nb_frames: int, batch_size: int, seq_len: int, per_file: bool = False,
                 rng_seed: Sequence[int] | None = None, max_batches: int | None = None):
        # Two threads read ahead, at most two batches: the network never waits, and little memory is held.
        super().__init__(workers=2, max_queue_size=2)
        self._features = list(features)
        self._labels = None if labels is None else list(labels)
        self._nb_frames = nb_frames
        self._rng_seed = rng_seed
        self._per_file = per_file
        self._seq_len = seq_len
        self._batch_frames = seq_len * (-(-nb_frames // seq_len) if per_file else batch_size)
        self.per_epoch = len(self._features)
        if not per_file:
            self.per_epoch = self.per_epoch * nb_frames // self._batch_frames
        if max_batches is not None:
            self.per_epoch = min(self.per_epoch, max_batches)
        self.first_epoch, self.nb_epochs = 0, 1
        self._failures: list[Exception] = []

    def epochs(self, first: int, number: int) -> 'Batches':
        """The batches of epochs `first`, `first` + 1, ... strung together; those of epoch 0 are `batches`."""
        several = copy.copy(self)
        several.first_epoch, several.nb_epochs = first, number
        return several

    def __len__(self) -> int:
        return self.per_epoch * self.nb_epochs

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f'batch {index} of {len(self)}')
        try:
            features = self._read(self._features, index, np.float32, FILL_FEATURE)
            features = features.reshape(-1, self._seq_len, features.shape[-1] // NB_PLANES, NB_PLANES)
            return features if self._labels is None else (features, self.targets(index))
        except Exception as error:
            self._failures.append(error)
            raise

    @contextlib.contextmanager
    def failures_as_they_are(self) -> Iterator[None]:
        """Around a `fit` or `predict` with these batches: an error of reading them comes as it was raised.

        It happens in another thread, and backends wrap it in exceptions of their own.
        """
        try:
            yield
        except Exception:
            if self._failures:
                raise self._failures[0] from None
            raise

    def targets(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The targets of a batch, activities and directions, without reading its features."""
        labels = self._read(self._labels, index, np.float64, _INACTIVE_LABEL)
        labels = labels.reshape(-1, self._seq_len, labels.shape[-1])
        nb_classes = labels.shape[-1] // 3
        return labels[..., :nb_classes].astype(np.float32), scale_directions(labels[..., nb_classes:])

    def _in_order(self, arrays: Sequence[StoredArray], epoch: int) -> Sequence[StoredArray]:
        if self._rng_seed is None:
            return arrays
        order = np.random.default_rng([*self._rng_seed, self.first_epoch + epoch]).permutation(len(arrays))
        return [arrays[place] for place in order]

    def describe_non_finite(self) -> str:
        """Which stored features are not finite, in words (training asks when its loss is not a number)."""
        for array in self._features:
            frames = np.flatnonzero(~np.isfinite(array.open()).all(axis=1))
            if len(frames):
                return f'{array.path}: non-finite features in frame {frames[0]}'
        return 'all features are finite'

    def _read(self, arrays: Sequence[StoredArray], index: int, dtype: type,
              fill: float | np.ndarray) -> np.ndarray:
        """The frames of a batch as (frames, columns); files are mapped, copied from and let go."""
        epoch, index = divmod(index, self.per_epoch)
        arrays = self._in_order(arrays, epoch)
        parts = ([arrays[index].open()] if self._per_file else
                 list(self._slices(arrays, index * self._batch_frames)))
        frames = np.empty((self._batch_frames, parts[0].shape[1]), dtype)
        filled = 0
        for part in parts:
            frames[filled:filled + len(part)] = part
            filled += len(part)
        frames[filled:] = fill
        return frames

    def _slices(self, arrays: Sequence[StoredArray], start: int) -> Iterator[np.ndarray]:
        """The pieces of recordings that make up the batch that starts at frame `start` of them all."""
        stop = start + self._batch_frames
        while start < stop:
            place, first = divmod(start, self._nb_frames)
            part = arrays[place].open()[first:first + stop - start]
            yield part
            start += len(part)


_INACTIVE_LABEL = np.repeat([0, parameter.INACTIVE_AZIMUTH_DEG, parameter.INACTIVE_ELEVATION_DEG],
                            parameter.NB_CLASSES)


class DataGenerator:
    """The 2019 face of `Batches`: a list of recordings of some splits, and an endless generator of their
    batches.

    Parameters
    ----------
    dataset : {'foa', 'mic'}
        Format of the recordings.
    feat_label_dir : str or Path
        Folder of features and labels.
    is_eval : bool
        Batches of the evaluation set, features without labels.
    split : int or sequence of int
        Splits whose recordings are used.
    batch_size, seq_len : int
        Sequences in a batch, frames in a sequence.
    shuffle : bool
        Draw the order of the recordings anew for each epoch.
    per_file : bool
        One batch a recording, for predictions that are written out.
    seed : int or sequence of int
        Of the shuffling.
    max_batches : int or None
        Stop an epoch after this many batches (`quick_test`).

    Raises
    ------
    InputError
        If features or labels are missing, unreadable or of another shape, or no recording is in the splits.
    """

    def __init__(
        self,
        dataset: str = 'foa',
        feat_label_dir: str | Path = '',
        is_eval: bool = False,
        split: int | Sequence[int] = 1,
        batch_size: int = 32,
        seq_len: int = 64,
        shuffle: bool = True,
        per_file: bool = False,
        *,
        seed: int | Sequence[int] = 0,
        max_batches: int | None = None,
    ):
        self._feat_cls = FeatureClass(feat_label_dir=feat_label_dir, dataset=dataset, is_eval=is_eval)
        self._splits = tuple(np.atleast_1d(split).tolist())
        self._per_file = per_file
        feature_dir = Path(self._feat_cls.get_normalized_feat_dir())
        label_dir = Path(self._feat_cls.get_label_dir())
        feature_files = _files_of_splits(feature_dir, self._splits)
        self._filenames_list = [path.name for path in feature_files]
        features = [stored_features(path) for path in feature_files]
        self._nb_frames, self._nb_columns = _common_shape(features)
        self._nb_classes = parameter.NB_CLASSES
        labels = None
        if not is_eval:
            labels = [stored_labels(label_dir / name) for name in self._filenames_list]
            _, label_columns = _common_shape(labels, nb_frames=self._nb_frames)
            self._nb_classes = label_columns // 3
        self.batches = Batches(
            features,
            labels,
            nb_frames=self._nb_frames,
            batch_size=batch_size,
            seq_len=seq_len,
            per_file=per_file,
            rng_seed=np.atleast_1d(seed).tolist() if shuffle else None,
            max_batches=max_batches,
        )
        if not len(self.batches):
            raise InputError(f'{feature_dir}: {len(feature_files)} recordings of {self._nb_frames} frames '
                             f'are too few for one batch of {batch_size} sequences of {seq_len} frames')
        self._batch_size = -(-self._nb_frames // seq_len) if per_file else batch_size
        self._seq_len = seq_len

    def generate(self) -> Iterator:
        """Batch after batch, epoch after epoch, without an end."""
        for epoch in itertools.count():
            batches = self.batches.epochs(epoch, 1)
            for index in range(len(batches)):
                yield batches[index]

    def describe_non_finite(self) -> str:
        """Which stored features are not finite, in words."""
        return self.batches.describe_non_finite()

    def get_data_sizes(self) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
        """Shapes of a batch, channels last: (batch, frames, bins, 8), [(batch, frames, 11), (batch, frames,
        22)]."""
        batch = (self._batch_size, self._seq_len)
        return (*batch, self._nb_columns // NB_PLANES, NB_PLANES), [(*batch, self._nb_classes),
                                                                    (*batch, 2 * self._nb_classes)]

    def get_total_batches_in_data(self) -> int:
        """Batches in an epoch."""
        return len(self.batches)

    def get_filelist(self) -> list[str]:
        """Names of the feature files, sorted (shuffling does not show here)."""
        return self._filenames_list

    def get_frame_per_file(self) -> int:
        """Frames of a recording; with `per_file` those of its batch, the fill included."""
        return self._batch_size * self._seq_len if self._per_file else self._nb_frames

    def get_nb_frames(self) -> int:
        """Frames of a recording."""
        return self._nb_frames

    def get_nb_classes(self) -> int:
        """Number of sound classes."""
        return self._nb_classes

    def get_default_elevation(self) -> int:
        """Elevation in degrees that stands where a class is not active."""
        return self._feat_cls.get_default_azi_ele_regr()[1]

    def get_classes(self) -> dict[str, int]:
        """Index of each class by its name."""
        return self._feat_cls.get_classes()

    def get_azi_ele_list(self):
        """Azimuths and elevations of the grid, degrees."""
        return self._feat_cls.get_azi_ele_list()

    def get_list_index(self, azi: float, ele: float) -> int:
        """Index of a direction on the grid."""
        return self._feat_cls.get_list_index(azi, ele)

    def get_matrix_index(self, ind: int) -> tuple[int, int]:
        """Direction of an index on the grid."""
        return self._feat_cls.get_matrix_index(ind)

    def get_hop_len_sec(self) -> float:
        """Seconds of a frame."""
        return self._feat_cls.get_hop_len_sec()

    def nb_frames_1s(self) -> int:
        """Frames of a second."""
        return self._feat_cls.nb_frames_1s()


def _files_of_splits(folder: Path, splits: Sequence[int]) -> list[Path]:
    """The .npy files of the folder whose recordings belong to the splits, in order."""
    files = [path for path in folder.glob('*.npy') if not path.name.startswith(parameter.TEMPORARY_PREFIX)]
    chosen = [path for path in files if parameter.parse_recording_name(path).split in splits]
    if not chosen:
        wanted = ', '.join(map(str, splits))
        found = f'{len(files)} recordings, none of them of split {wanted}' if files else 'no features'
        raise InputError(f'{folder}: {found}; run batch_feature_extraction.py on a data set that has split '
                         f'{wanted}')
    return sorted(chosen, key=parameter.recording_order)


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
