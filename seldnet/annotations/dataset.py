"""What is true of a data set's recordings: classes, rate, frames, directions, folds, names, folders.

`TAU2019` is TAU Spatial Sound Events 2019 (Adavanne, Politis, Virtanen, arXiv 1905.08546), the data set of
the baseline, and the default wherever a `Dataset` is an argument.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from seldnet.annotations.directions import DirectionGrid
from seldnet.common.errors import InputError

FORMATS = ('foa', 'mic')  # first-order Ambisonics (W, Y, Z, X), tetrahedral microphone array (M1..M4)
NB_CHANNELS = 4  # of both formats
FRAMES_PER_SECOND = 50  # a frame is 20 ms, whatever the rate: the output format counts in it


class Fold(NamedTuple):
    """One cross-validation run: the splits that it tests, validates and trains on.

    Attributes
    ----------
    test, val, train : tuple of int
        Numbers of splits.
    """

    test: tuple[int, ...]
    val: tuple[int, ...]
    train: tuple[int, ...]


class RecordingName(NamedTuple):
    """What a recording's name says; room and overlap (most events at once) are None where it is silent."""

    split: int
    room: int | None
    overlap: int | None
    number: int


@dataclass(frozen=True)
class Dataset:
    """The facts of a data set.

    Parameters
    ----------
    name : str
    classes : tuple of str
        A class's index is its place here.
    folds : mapping
        Mode ('dev', 'eval') to its folds.
    grid : DirectionGrid
        The directions that events come from.
    sample_rate_hz : int
        A multiple of the 50 frames of a second.
    recording_s : float
        Recordings are cut or zero-padded to this.
    grace_s : float
        By how much events may outlast their recording (they are cut); more is a mistake.
    """

    name: str
    classes: tuple[str, ...]
    folds: Mapping[str, tuple[Fold, ...]]
    grid: DirectionGrid
    sample_rate_hz: int = 48000
    recording_s: float = 60
    grace_s: float = 5

    # ---- sizes ----

    @property
    def nb_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def nb_samples(self) -> int:
        """Samples of a recording."""
        return round(self.recording_s * self.sample_rate_hz)

    @property
    def nb_frames_1s(self) -> int:
        """Frames of a second."""
        return FRAMES_PER_SECOND

    @property
    def nb_frames(self) -> int:
        """Frames of a recording."""
        return round(self.recording_s * FRAMES_PER_SECOND)

    @property
    def hop_length(self) -> int:
        """Samples from a frame to the next, 20 ms."""
        return self.sample_rate_hz // FRAMES_PER_SECOND

    @property
    def hop_length_s(self) -> float:
        """Seconds from a frame to the next."""
        return self.hop_length / self.sample_rate_hz

    @property
    def longest_s(self) -> float:
        """By when an event must have ended."""
        return self.recording_s + self.grace_s

    # ---- folds, names and folders ----

    def chosen_folds(self, mode: str, splits: Sequence[int] | None = None) -> list[Fold]:
        """The folds of a mode that test some splits, by default all.

        Parameters
        ----------
        mode : str
            A key of `folds`: 'dev', 'eval'.
        splits : sequence of int, optional
            First test splits of the folds. None and an empty sequence stand for all.

        Returns
        -------
        list of Fold
            In the order of `splits`, each once; all folds in the data set's order.

        Raises
        ------
        InputError
            If a split is not among them.
        KeyError
            If there is no such mode.

        Examples
        --------
        >>> TAU2019.chosen_folds('dev', [2])
        [Fold(test=(2,), val=(3,), train=(4, 1))]
        """
        folds = {fold.test[0]: fold for fold in self.folds[mode]}
        for split in splits or ():
            if split not in folds:
                raise InputError(f'--split: got {split}, expected some of {", ".join(map(str, folds))} '
                                 f'(the test splits of mode {mode})')
        return [folds[split] for split in dict.fromkeys(splits or folds)]

    def set_name(self, audio_format: str, mode: str) -> str:
        """Name of the recordings of a format and mode: foa_dev, mic_eval.

        Parameters
        ----------
        audio_format : {'foa', 'mic'}
        mode : {'dev', 'eval'}

        Returns
        -------
        str
        """
        return f'{audio_format}_{mode}'

    def audio_folder(self, dataset_dir: str | Path, audio_format: str, mode: str) -> Path:
        """Where the recordings are.

        Parameters
        ----------
        dataset_dir : path
        audio_format : {'foa', 'mic'}
        mode : {'dev', 'eval'}

        Returns
        -------
        Path
            Whether it exists or not.
        """
        return Path(dataset_dir) / self.set_name(audio_format, mode)

    def description_folder(self, dataset_dir: str | Path, mode: str) -> Path:
        """Where the descriptions of their events are.

        Parameters
        ----------
        dataset_dir : path
        mode : {'dev', 'eval'}

        Returns
        -------
        Path
            Whether it exists or not; both formats share it.
        """
        return Path(dataset_dir) / f'metadata_{mode}'

    def parse_name(self, name: str | Path) -> RecordingName:
        """Split, room, overlap and running number from a recording's name or path, folder and ending aside.

        Parameters
        ----------
        name : str or path

        Returns
        -------
        RecordingName

        Raises
        ------
        InputError
            If the name does not follow the data set's grammar.

        Examples
        --------
        >>> TAU2019.parse_name('foa_dev/split1_ir0_ov2_17.wav')
        RecordingName(split=1, room=0, overlap=2, number=17)
        """
        found = _TAU_NAME.fullmatch(Path(name).stem)
        if not found:
            raise InputError(f'{name}: not a recording name of the data set, expected {TAU_NAME_GRAMMAR}')
        return RecordingName(*(None if number is None else int(number) for number in found.groups()))

    def is_name(self, name: str | Path) -> bool:
        """Whether `parse_name` can read the name.

        Parameters
        ----------
        name : str or path

        Returns
        -------
        bool
        """
        return _TAU_NAME.fullmatch(Path(name).stem) is not None


_TAU_NAME = re.compile(r'split(\d+)(?:_ir(\d+))?(?:_ov(\d+))?_(\d+)', re.ASCII)
TAU_NAME_GRAMMAR = 'split{S}_ir{R}_ov{O}_{N} or split{S}_{N}'

TAU2019 = Dataset(
    name='TAU Spatial Sound Events 2019',
    classes=('knock', 'drawer', 'clearthroat', 'phone', 'keysDrop', 'speech', 'keyboard', 'pageturn', 'cough',
             'doorslam', 'laughter'),
    folds={
        'dev': (
            Fold(test=(1,), val=(2,), train=(3, 4)),
            Fold(test=(2,), val=(3,), train=(4, 1)),
            Fold(test=(3,), val=(4,), train=(1, 2)),
            Fold(test=(4,), val=(1,), train=(2, 3)),
        ),
        'eval': (Fold(test=(0,), val=(1,), train=(2, 3, 4)),),
    },
    grid=DirectionGrid(10, tuple(range(-180, 180, 10)), tuple(range(-40, 41, 10))),
)
MODES = tuple(TAU2019.folds)
