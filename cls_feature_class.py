"""From recordings and descriptions to features and labels on disk, by the method names of 2019.

    features = FeatureClass(dataset_dir='data/', feat_label_dir='features/', dataset='foa')
    features.extract_all_feature()      # moments of every column, and the raw spectra if asked for
    features.preprocess_features()      # the scaler, and the normalised features
    features.extract_all_labels()

`batch_feature_extraction.py` does all of it at once. The work is done in seldnet/extraction/: spectra.py and
features.py say what is computed, recording_set.py where the files are, stages.py in which order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seldnet.annotations import labels
from seldnet.annotations.dataset import NB_CHANNELS, Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.descriptions import description_dict, read_description
from seldnet.extraction import checks, stages
from seldnet.extraction.features import SPECTRA, FeatureKind
from seldnet.extraction.recording_set import RecordingSet


class FeatureClass:
    """The development or evaluation set in one format: its settings, its files, and their extraction.

    Parameters
    ----------
    dataset_dir : str or Path
        Folder with `foa_dev/`, `mic_dev/`, `metadata_dev/` and, for evaluation, `foa_eval/`, `mic_eval/` and
        perhaps `metadata_eval/`.
    feat_label_dir : str or Path
        Folder for features and labels.
    dataset : {'foa', 'mic'}
        Format of the recordings.
    is_eval : bool
        The evaluation set rather than the development set.
    feature_dtype : {'float32', 'float16'}, optional
        Type of the normalised features, 98 or 49 MB a recording; by default that of the kind.
    save_spectra : bool
        Also write the raw spectra, 98 MB a recording.
    n_jobs : int
        Processes, -1 for one a core (joblib's rules).
    feature_kind : FeatureKind
        What is computed of the spectra.
    resample : bool
        Bring recordings of another rate to the data set's, rather than refuse them.
    overwrite : bool
        Let finished features go that other settings made.
    dataset_facts : Dataset, optional
        Classes, rate, length, grid and folders; by default what `dataset.toml` in `dataset_dir` says, or TAU
        2019.

    Attributes
    ----------
    recording_set : RecordingSet
        What the engine works with.

    Raises
    ------
    InputError
        If an argument is none of these, or `dataset.toml` cannot be read.
    """

    def __init__(self, dataset_dir: str | Path = '', feat_label_dir: str | Path = '', dataset: str = 'foa',
                 is_eval: bool = False, *, feature_dtype: str | None = None, save_spectra: bool = False,
                 n_jobs: int = -1, feature_kind: FeatureKind = SPECTRA, resample: bool = False,
                 overwrite: bool = False, dataset_facts: Dataset | None = None):
        dataset_facts = dataset_facts or find_dataset(dataset_dir)
        if feature_dtype is None:
            feature_dtype = feature_kind.usual_dtype(dataset)
        self.recording_set = RecordingSet(Path(dataset_dir), Path(feat_label_dir), dataset, is_eval,
                                          kind=feature_kind, feature_dtype=feature_dtype,
                                          save_spectra=save_spectra, n_jobs=n_jobs, dataset=dataset_facts,
                                          resample=resample, overwrite=overwrite)
        self._facts = dataset_facts

    # ---- extraction ----

    def extract_all_feature(self) -> None:
        """Check all input; then the moments of every column, and the raw spectra if asked for."""
        stages.extract([self.recording_set], stages=(stages.measure,))

    def preprocess_features(self) -> None:
        """Fit the scaler (development set) and write the normalised features."""
        stages.extract([self.recording_set], stages=(stages.normalize_set,))

    def extract_all_labels(self) -> None:
        """Write the regression labels of all descriptions; needs no recordings."""
        stages.extract([self.recording_set], stages=(stages.label,))

    def check_ready(self, task_id: str | int = '') -> None:
        """Raise an InputError, saying what to run, unless all features and labels are there and usable."""
        checks.check_ready(self.recording_set, task_id)

    # ---- descriptions and labels ----

    def read_desc_file(self, path: str | Path, in_sec: bool = False) -> dict[str, list]:
        """A description as a dictionary of lists (see `description_dict`)."""
        return description_dict(read_description(path, dataset=self._facts), in_sec, dataset=self._facts)

    def get_labels_for_file(self, description: Mapping[str, Sequence]) -> np.ndarray:
        """Labels (3000, 33) of what `read_desc_file` gave (see `regression_labels`)."""
        return labels.regression_labels(description, dataset=self._facts)

    def get_clas_labels_for_file(self, description: Mapping[str, Sequence]) -> np.ndarray:
        """Labels (3000, 11, 324) of what `read_desc_file` gave (see `classification_labels`)."""
        return labels.classification_labels(description, dataset=self._facts)

    # ---- facts ----

    def get_classes(self) -> dict[str, int]:
        """Class name to class index."""
        return {name: index for index, name in enumerate(self._facts.classes)}

    def get_list_index(self, azi: float, ele: float) -> int:
        """Direction index 0..323 of degrees."""
        return int(self._facts.scoring_grid.index(azi, ele))

    def get_matrix_index(self, ind: int) -> tuple[int, int]:
        """Azimuth and elevation in degrees of a direction index."""
        azimuth_deg, elevation_deg = self._facts.scoring_grid.direction(ind)
        return int(azimuth_deg), int(elevation_deg)

    def get_azi_ele_list(self) -> tuple[list[int], list[int]]:
        """Azimuths and elevations of the grid in degrees."""
        return list(self._facts.scoring_grid.azimuths_deg), list(self._facts.scoring_grid.elevations_deg)

    def get_default_azi_ele_regr(self) -> tuple[int, int]:
        """Azimuth and elevation in degrees of a class that is not active."""
        return labels.INACTIVE_AZIMUTH_DEG, labels.INACTIVE_ELEVATION_DEG

    def get_nb_frames(self) -> int | None:
        """Frames of a recording; None where each is as long as it is."""
        return self._facts.nb_frames

    def nb_frames_1s(self) -> int:
        """Frames of a second."""
        return self._facts.nb_frames_1s

    def get_hop_len_sec(self) -> float:
        """Seconds from a frame to the next."""
        return self._facts.hop_length_s

    def get_nb_channels(self) -> int:
        """Channels of a recording."""
        return NB_CHANNELS

    # ---- where things are ----
    # Strings, as in 2019, so that code which adds to them goes on working.

    def get_audio_dir(self) -> str:
        """Folder of the recordings."""
        return str(self.recording_set.audio_folder)

    def get_description_dir(self) -> str:
        """Folder of the descriptions."""
        return str(self.recording_set.description_folder)

    def get_unnormalized_feat_dir(self) -> str:
        """Folder of the raw spectra, which is there if `save_spectra` was set."""
        return str(self.recording_set.folder('raw_spectra'))

    def get_normalized_feat_dir(self) -> str:
        """Folder of the normalised features."""
        return str(self.recording_set.folder('features'))

    def get_label_dir(self) -> str:
        """Folder of the labels."""
        return str(self.recording_set.folder('labels'))

    def get_normalized_wts_file(self) -> str:
        """File of the scaler, which development and evaluation set share."""
        return str(self.recording_set.scaler_file)
