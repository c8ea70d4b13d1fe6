"""The development or the evaluation set in one format: where its files are, and what each is made from.

Under `feat_label_dir`, for the Ambisonic development set and the features of 2019:

    foa_dev_norm/NAME.npy     normalised features, float32 (or float16), 3000 x 8192
    foa_dev_label/NAME.npy    labels, int16, 3000 x 33: 11 activities, 11 azimuths, 11 elevations (degrees)
    foa_wts.npz               the scaler: mean, var, scale (float64, 8192 each), nb_frames
    foa_dev_moments/NAME.npy  mean and summed squared deviations of each column, frames, levels: float64
    foa_dev/NAME.npy          raw spectra, complex64, 3000 x 4096; only with `save_spectra`
    foa_dev_state.json        which of these are finished, and what each was made from

and likewise `foa_eval_...` for the evaluation set, which is normalised with the development set's scaler.
Other kinds of features have an ending of their own (`FeatureKind.folder_ending`, foa_dev_mel_norm/); labels
are shared. While they are made, kinds that are small lie unscaled in foa_dev_mel_unscaled/.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import FORMATS, TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.common.files import list_files
from seldnet.extraction.arrays import COMMAND
from seldnet.extraction.audio import SUFFIXES, RecordingAudio, nb_samples_of
from seldnet.extraction.features import DTYPES, SPECTRA, FeatureKind
from seldnet.extraction.scaler import MeanAndScale, load_mean_and_scale, scaler_facts
from seldnet.extraction.state import ExtractionState, Source

_FOLDER_ENDINGS = {'raw_spectra': '', 'moments': '_moments', 'unscaled': '_unscaled', 'features': '_norm',
                    'labels': '_label'}


@dataclass(frozen=True)
class RecordingSet:
    """Paths and settings of a set of recordings.

    Parameters
    ----------
    dataset_dir : path
        Folder with `foa_dev/`, `mic_dev/`, `metadata_dev/` and, for evaluation, `foa_eval/`, `mic_eval/` and
        perhaps `metadata_eval/`.
    feat_label_dir : path
        Folder for features and labels.
    audio_format : {'foa', 'mic'}
    is_eval : bool
        The evaluation set rather than the development set.
    kind : FeatureKind
        Of the features.
    feature_dtype : {'float32', 'float16'}
        Type in which they are stored.
    save_spectra : bool
        Also write the raw spectra, 98 MB a recording.
    n_jobs : int
        Processes, -1 for one a core (joblib's rules).
    dataset : Dataset
    resample : bool
        Bring recordings of another rate to the data set's, rather than refuse them.
    overwrite : bool
        Whether finished files that other settings made, and a state that cannot be read, may go.

    Raises
    ------
    InputError
        If an argument is none of these.
    """

    dataset_dir: Path
    feat_label_dir: Path
    audio_format: str = 'foa'
    is_eval: bool = False
    kind: FeatureKind = SPECTRA
    feature_dtype: str = 'float32'
    save_spectra: bool = False
    n_jobs: int = -1
    dataset: Dataset = TAU2019
    resample: bool = False
    overwrite: bool = False

    def __post_init__(self):
        for name, value, legal in (('dataset', self.audio_format, FORMATS),
                                   ('feature_dtype', self.feature_dtype, DTYPES)):
            if value not in legal:
                raise InputError(f'{name} {value!r}, expected one of {", ".join(legal)}')
        if self.n_jobs == 0:
            raise InputError('n_jobs 0, expected a number of processes, or -1 for one a core')

    # ---- where things are ----

    @property
    def mode(self) -> str:
        """'eval' or 'dev'."""
        return 'eval' if self.is_eval else 'dev'

    @property
    def name(self) -> str:
        """Such as foa_dev."""
        return self.dataset.set_name(self.audio_format, self.mode)

    @property
    def audio_folder(self) -> Path:
        """Of the recordings."""
        return self.dataset.audio_folder(self.dataset_dir, self.audio_format, self.mode)

    @property
    def description_folder(self) -> Path:
        """Of the descriptions."""
        return self.dataset.description_folder(self.dataset_dir, self.mode)

    @property
    def scaler_file(self) -> Path:
        """Shared by development and evaluation set."""
        return self.feat_label_dir / f'{self.audio_format}{self.kind.folder_ending}_wts.npz'

    @property
    def state_file(self) -> Path:
        """Of the `ExtractionState`."""
        return self.feat_label_dir / f'{self.name}{self.kind.folder_ending}_state.json'

    def folder(self, file_kind: str) -> Path:
        """Of the files of a kind: 'raw_spectra', 'moments', 'unscaled', 'features' or 'labels'.

        Parameters
        ----------
        file_kind : str

        Returns
        -------
        Path
            Whether it exists or not.

        Raises
        ------
        KeyError
            If there is no such kind.
        """
        ending = '' if file_kind in ('labels', 'raw_spectra') else self.kind.folder_ending
        return self.feat_label_dir / f'{self.name}{ending}{_FOLDER_ENDINGS[file_kind]}'

    def file(self, file_kind: str, name: str) -> Path:
        """A recording's file of a kind; the scaler for 'scaler'.

        Parameters
        ----------
        file_kind : {'raw_spectra', 'moments', 'features', 'labels', 'scaler'}
        name : str
            Of the recording, without folder and ending; not used for the scaler.

        Returns
        -------
        Path
            Whether it exists or not.

        Raises
        ------
        KeyError
            If there is no such kind.
        """
        return self.scaler_file if file_kind == 'scaler' else self.folder(file_kind) / f'{name}.npy'

    def has_recordings(self) -> bool:
        """Whether there is a folder of recordings."""
        return self.audio_folder.is_dir()

    def has_descriptions(self) -> bool:
        """Whether there is a folder of descriptions."""
        return self.description_folder.is_dir()

    def recordings(self) -> dict[str, Path]:
        """Path of each recording by name, in order."""
        return {path.stem: path for path in list_files(self.audio_folder, *SUFFIXES)}

    def descriptions(self) -> dict[str, Path]:
        """Path of each description by name, in order."""
        return {path.stem: path for path in list_files(self.description_folder, '.csv')}

    def state(self) -> ExtractionState:
        """What is finished, as the file says now."""
        return ExtractionState(self.state_file, self.file, anew=self.overwrite)

    def scaler(self) -> MeanAndScale:
        """The scaler; an InputError if it is missing, damaged, or of recordings of another kind."""
        scaler = load_mean_and_scale(self.scaler_file, self.nb_columns, self.kind.revision)
        for key, stored in scaler_facts(self.scaler_file).items():
            if stored != (own := self.feature_facts.get(key)):
                raise InputError(f'{self.scaler_file}: fitted to recordings of {key} {stored}, expected '
                                 f'{own}; run `{COMMAND}` on the development set')
        return scaler

    def audio(self, path: Path) -> RecordingAudio:
        """The samples of a recording.

        Parameters
        ----------
        path : Path
            Of the recording.

        Returns
        -------
        RecordingAudio
        """
        return RecordingAudio(path, self.dataset, self.audio_format, resample=self.resample)

    def nb_frames(self, path: Path) -> int:
        """Frames of a recording.

        Parameters
        ----------
        path : Path
            Of a recording that `check_recording` has passed.

        Returns
        -------
        int
        """
        return self.dataset.nb_frames_of(nb_samples_of(path, self.dataset))

    @property
    def nb_columns(self) -> int:
        """Columns of a row of features."""
        return self.kind.nb_columns(self.dataset, self.audio_format)

    @property
    def feature_facts(self) -> dict[str, Any]:
        """Of data set and kind, those that features depend on."""
        return self.dataset.audio_facts() | self.kind.facts()

    # ---- what each file is made from ----

    # The state, which is an argument, knows recordings and descriptions again.

    def recording_sources(self, state: ExtractionState) -> dict[str, Source]:
        """What the moments and raw spectra of each recording are made from.

        Parameters
        ----------
        state : ExtractionState
            Of these recordings.

        Returns
        -------
        dict of Source
            By name of the recording, in order.
        """
        facts = _unlike_tau(self.feature_facts)
        return {name: {'recording': state.identity('recording', name, path), **facts}
                for name, path in self.recordings().items()}

    def scaler_source(self, state: ExtractionState) -> dict[str, Source]:
        """What the scaler is made from: the moments of every development recording.

        Parameters
        ----------
        state : ExtractionState
            Of these recordings.

        Returns
        -------
        dict of Source
        """
        lines = [f'{name} {size} bytes of {" ".join(map(str, times_ns))}'
                 for name, source in self.recording_sources(state).items()
                 for size, *times_ns in [source['recording']]]
        lines += [json.dumps(facts) for facts in [_unlike_tau(self.feature_facts)] if facts]
        return {'scaler': {'moments': hashlib.sha256('\n'.join(lines).encode()).hexdigest()[:16]}}

    def feature_sources(self, state: ExtractionState, scaler_digest: str) -> dict[str, Source]:
        """What the features of each recording are made from.

        Parameters
        ----------
        state : ExtractionState
            Of these recordings.
        scaler_digest : str
            Of the scaler that features are normalised with.

        Returns
        -------
        dict of Source
            By name of the recording, in order.
        """
        return {name: source | {'feature_dtype': self.feature_dtype, 'scaler': scaler_digest}
                for name, source in self.recording_sources(state).items()}

    def label_sources(self, state: ExtractionState) -> dict[str, Source]:
        """What the labels of each recording are made from; its frames, where it is as long as it is.

        Parameters
        ----------
        state : ExtractionState
            Of these recordings.

        Returns
        -------
        dict of Source
            By name of the recording, in order.
        """
        facts = self.dataset.facts()
        facts = _unlike_tau({key: facts[key] for key in ('classes', 'grid_step_deg', 'recording_s')})
        recordings = self.recordings() if self.dataset.nb_frames is None else {}
        return {name: {'description': state.identity('description', name, path), **facts,
                       **({'nb_frames': self.nb_frames(recordings[name])} if name in recordings else {})}
                for name, path in self.descriptions().items()}


def _unlike_tau(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts that are not those of TAU 2019: what was made before there were others stays up to date."""
    usual = TAU2019.facts()
    return {key: value for key, value in facts.items() if value != usual.get(key)}
