"""Features and labels on disk -> batches for the network, by the class and method names of 2019.

The batches themselves, and how recordings are strung together, stand in seldnet/training/batches.py; the
scale of the direction targets in seldnet/methods/regression.py.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cls_feature_class import FeatureClass
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.methods.method import Method
from seldnet.methods.registry import METHODS
from seldnet.training.batches import open_batches


class DataGenerator:
    """A list of recordings of some splits, and an endless generator of their batches.

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
    rotate : bool
        With `shuffle`: rotate each sequence by exchanging channels (features mel), drawn from the seed.
    max_batches : int or None
        Stop an epoch after this many batches (`quick_test`).
    method : Method
        Whose features are read and whose targets are made.
    dataset_facts : Dataset
        Classes, names and folders.

    Attributes
    ----------
    batches : Batches
        Random access to the same batches.

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
        rotate: bool = False,
        max_batches: int | None = None,
        method: Method = METHODS['released'],
        dataset_facts: Dataset = TAU2019,
    ):
        self._feat_cls = FeatureClass('', feat_label_dir, dataset, is_eval, feature_kind=method.kind,
                                      dataset_facts=dataset_facts)
        self._per_file = per_file
        self._target_sizes = method.target_sizes(dataset_facts.nb_classes)
        self._nb_classes = dataset_facts.nb_classes
        self.batches = open_batches(
            self._feat_cls.recording_set, method, np.atleast_1d(split).tolist(), batch_size=batch_size,
            seq_len=seq_len, per_file=per_file, rotate=rotate, max_batches=max_batches,
            rng_seed=np.atleast_1d(seed).tolist() if shuffle else None)

    def generate(self) -> Iterator:
        """Batch after batch, epoch after epoch, without an end."""
        for epoch in itertools.count():
            batches = self.batches.epochs(epoch, 1)
            for index in range(len(batches)):
                yield batches[index]

    def get_data_sizes(self) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
        """Shapes of a batch, channels last: (batch, frames, bins, 8), [(batch, frames, 11), (batch, frames,
        22)]."""
        shape = self.batches.input_shape
        return shape, [(*shape[:2], size) for size in self._target_sizes]

    def get_total_batches_in_data(self) -> int:
        """Batches in an epoch."""
        return len(self.batches)

    def get_filelist(self) -> list[str]:
        """Names of the feature files, sorted (shuffling does not show here)."""
        return self.batches.names

    def get_frame_per_file(self) -> int:
        """Frames of a recording; with `per_file` those of its batch, the fill included."""
        batches = self.batches
        return batches.batch_size * batches.seq_len if self._per_file else batches.nb_frames

    def get_nb_frames(self) -> int:
        """Frames of a recording."""
        return self.batches.nb_frames

    def get_nb_classes(self) -> int:
        """Number of sound classes."""
        return self._nb_classes

    def get_default_elevation(self) -> int:
        """Elevation in degrees that stands where a class is not active."""
        return self._feat_cls.get_default_azi_ele_regr()[1]

    def get_classes(self) -> dict[str, int]:
        """Index of each class by its name."""
        return self._feat_cls.get_classes()

    def get_azi_ele_list(self) -> tuple[list[int], list[int]]:
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
