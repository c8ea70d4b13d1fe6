"""What is true of a data set's recordings: classes, rate, frames, directions, folds, names, folders.

`TAU2019` is TAU Spatial Sound Events 2019 (Adavanne, Politis, Virtanen, arXiv 1905.08546), the data set of
the baseline, and the default wherever a `Dataset` is an argument.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from seldnet.annotations.directions import DirectionGrid
from seldnet.annotations.recording_names import TAU_NAMES, NameRules, RecordingName
from seldnet.common.errors import InputError

FORMATS = ('foa', 'mic')  # first-order Ambisonics (W, Y, Z, X), tetrahedral microphone array (M1..M4)
NB_CHANNELS = 4  # of both formats
FRAMES_PER_SECOND = 50  # a frame is 20 ms, whatever the rate: the output format counts in it
AMBISONICS = ('n3d', 'sn3d', 'fuma')  # conventions of B-format: ACN order with N3D or SN3D gains, and FuMa


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
    grid : DirectionGrid or None
        The directions that events come from; None where directions are free.
    sample_rate_hz : int
        A multiple of the 50 frames of a second.
    recording_s : float or None
        Recordings are cut or zero-padded to this, a multiple of 20 ms; with None each is as long as it is.
    grace_s : float
        By how much events may outlast their recording (they are cut); more is a mistake.
    channels : tuple of int or None
        The four channels that are used of recordings with more, counted from 1.
    ambisonics : {'n3d', 'sn3d', 'fuma'}
        Convention of the Ambisonic recordings, unless their header declares another.
    names : NameRules
        How recordings are named.
    """

    name: str
    classes: tuple[str, ...]
    folds: Mapping[str, tuple[Fold, ...]]
    grid: DirectionGrid | None
    sample_rate_hz: int = 48000
    recording_s: float | None = 60
    grace_s: float = 5
    channels: tuple[int, ...] | None = None
    ambisonics: str = AMBISONICS[0]
    names: NameRules = TAU_NAMES

    # ---- sizes ----

    @property
    def nb_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def nb_samples(self) -> int | None:
        """Samples of a recording; None where each is as long as it is."""
        return None if self.recording_s is None else round(self.recording_s * self.sample_rate_hz)

    @property
    def nb_frames_1s(self) -> int:
        """Frames of a second."""
        return FRAMES_PER_SECOND

    @property
    def nb_frames(self) -> int | None:
        """Frames of a recording; None where each is as long as it is."""
        return None if self.recording_s is None else round(self.recording_s * FRAMES_PER_SECOND)

    def nb_frames_of(self, nb_samples: int) -> int:
        """Frames of a recording of so many samples at the data set's rate.

        Parameters
        ----------
        nb_samples : int

        Returns
        -------
        int
            Those of `recording_s`, if there is one.
        """
        return math.ceil(nb_samples / self.hop_length) if self.nb_frames is None else self.nb_frames

    @property
    def hop_length(self) -> int:
        """Samples from a frame to the next, 20 ms."""
        return self.sample_rate_hz // FRAMES_PER_SECOND

    @property
    def hop_length_s(self) -> float:
        """Seconds from a frame to the next."""
        return self.hop_length / self.sample_rate_hz

    @property
    def scoring_grid(self) -> DirectionGrid:
        """The grid to which the 2019 scores round directions: the data set's, or one of the whole sphere."""
        return self.grid or WHOLE_SPHERE

    # ---- what features, labels and models depend on ----

    def facts(self) -> dict[str, Any]:
        """What features, labels and models depend on, as JSON has it; keys as in `dataset.toml`."""
        grid = self.grid and {'grid_step_deg': self.grid.step_deg, 'grid_elevations_deg': [
            self.grid.elevations_deg[0], self.grid.elevations_deg[-1]]}
        return {'name': self.name, 'classes': list(self.classes),
                **(grid or {'grid_step_deg': None, 'grid_elevations_deg': None}), **self.audio_facts()}

    def audio_facts(self) -> dict[str, Any]:
        """Those of `facts` that features depend on."""
        return {'sample_rate_hz': self.sample_rate_hz, 'recording_s': self.recording_s,
                'channels': self.channels and list(self.channels), 'ambisonics': self.ambisonics}

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
        if not folds:
            raise InputError(f'{self.name}: no folds of mode {mode}, since fewer than two splits were found; '
                             f'set --dataset_dir, or list [[folds.{mode}]] in dataset.toml')
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
        parsed = self.names.parse(name)
        if parsed is None:
            raise InputError(f'{name}: not a recording name of the data set, expected {self.names.grammar}')
        return parsed

    def is_name(self, name: str | Path) -> bool:
        """Whether `parse_name` can read the name.

        Parameters
        ----------
        name : str or path

        Returns
        -------
        bool
        """
        return self.names.parse(name) is not None


# For the 2019 scores of free directions.
WHOLE_SPHERE = DirectionGrid(10, tuple(range(-180, 180, 10)), tuple(range(-90, 91, 10)))

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
