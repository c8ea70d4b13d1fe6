"""What a method is: the features that it is given, its targets, its network, and how outputs are read.

A method of one's own is a file with one `Method` in it, which is added to `seldnet.methods.registry.METHODS`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seldnet.annotations.dataset import Dataset
from seldnet.extraction.features import FeatureKind
from seldnet.methods.soft_scores import Scores, checked_thresholds, parse_thresholds

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class Method:
    """A method of detecting and localizing sounds.

    Parameters
    ----------
    name : str
        As of the setting `model_variant`.
    kind : FeatureKind
        Of its features.
    make_targets : function
        Activities (0 or 1), azimuths and elevations in degrees, arrays (..., frames, classes) -> the targets
        of the network's outputs, in their order.
    target_sizes : function
        Number of classes -> number of columns of each target.
    read_outputs : function
        The network's outputs (or targets), arrays (..., frames, columns) -> activities 0..1, azimuths and
        elevations in radians, arrays (..., frames, classes).
    build : function
        Shape of a batch of features (batch, frames, bins, planes), number of classes, settings of
        `parameter.py` and `jit_compile` (None for the method's own choice) -> a compiled `keras.Model`.
    losses : function
        The network's outputs, the targets and the settings -> the losses of a validation, 'validation_loss'
        (the one that training minimises) first.
    check_sizes : function
        Number of bins and settings -> nothing, or a ValueError if the settings do not suit the bins.
    activity_threshold : float or array, shape (classes,)
        A class is active where its activity is above it.
    rounds_to_grid : bool
        Whether predictions of the data set's recordings are written as the nearest directions of its grid, if
        it has one.
        The official scores of 2019 round what lies between *down*.
    doa_error_if_silent : float
        DOA error in degrees that counts in the choice of the best round where one predicts nothing at all and
        so has none. 180 is the worst there is: silence does not beat a prediction by it. 2019 counted 0.
    scattered : bool
        Whether the sequences of a training batch come from anywhere, rather than one after the other as in
        2019.
    defaults : mapping
        Settings whose defaults differ from those of 2019.
    """

    name: str
    kind: FeatureKind
    make_targets: Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
    target_sizes: Callable[[int], tuple[int, ...]]
    read_outputs: Callable[[Arrays], tuple[np.ndarray, np.ndarray, np.ndarray]]
    build: Callable[..., Any]
    losses: Callable[[Arrays, Arrays, Mapping[str, Any]], dict[str, float]]
    check_sizes: Callable[[int, Mapping[str, Any]], None]
    activity_threshold: float | np.ndarray = 0.5
    rounds_to_grid: bool = False
    doa_error_if_silent: float = 180.0
    scattered: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def read_degrees(self, outputs: Arrays, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is written of outputs for recordings of a data set.

        Parameters
        ----------
        outputs : sequence of arrays, shape (..., frames, columns)
            As `read_outputs` takes them.
        dataset : Dataset
            Its grid.

        Returns
        -------
        active : bool array, shape (..., frames, classes)
        azimuth_deg, elevation_deg : arrays, shape (..., frames, classes)
        """
        return self.read_scores(self.scores(outputs), dataset)

    def scores(self, outputs: Arrays) -> Scores:
        """What outputs say of all classes, before any threshold.

        Parameters
        ----------
        outputs : sequence of arrays, shape (..., frames, columns)

        Returns
        -------
        Scores
        """
        activity, azimuth_rad, elevation_rad = self.read_outputs(outputs)
        return Scores(activity, np.degrees(azimuth_rad), np.degrees(elevation_rad))

    def read_scores(self, scores: Scores, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is written of scores for recordings of a data set, as `read_degrees` gives it.

        Parameters
        ----------
        scores : Scores
        dataset : Dataset
            Its grid.

        Returns
        -------
        active : bool array, shape (..., frames, classes)
        azimuth_deg, elevation_deg : arrays, shape (..., frames, classes)
        """
        activity, *directions_deg = scores
        if self.rounds_to_grid and dataset.grid:
            directions_deg = dataset.grid.nearest(*directions_deg)
        return activity > self.activity_threshold, *directions_deg

    def with_thresholds(self, texts: Sequence[str] | None, dataset: Dataset) -> 'Method':
        """The method with other thresholds, as of the setting `threshold`.

        Parameters
        ----------
        texts : sequence of str or None
            As `parse_thresholds` reads them; None for the method as it is.
        dataset : Dataset
            Its classes.

        Returns
        -------
        Method

        Raises
        ------
        InputError
            As `parse_thresholds` and `checked_thresholds`.
        """
        if not texts:
            return self
        thresholds = parse_thresholds(texts, dataset)
        return dataclasses.replace(
            self, activity_threshold=checked_thresholds(thresholds, self.activity_threshold, dataset))

    def read_frames(self, outputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Active classes and their directions in sequences strung together.

        Parameters
        ----------
        outputs : sequence of arrays, shape (..., frames, columns)
            As `read_outputs` takes them.

        Returns
        -------
        active : bool array, shape (all frames, classes)
        directions_rad : array, shape (all frames, 2 * classes)
        """
        activity, azimuth_rad, elevation_rad = (
            array.reshape(-1, array.shape[-1]) for array in self.read_outputs(outputs))
        return activity > self.activity_threshold, np.concatenate((azimuth_rad, elevation_rad), axis=-1)


def check_pooling(bins: int, params: Mapping[str, Any]) -> None:
    """Raise a ValueError unless the pooling divides the bins, convolution after convolution.

    Parameters
    ----------
    bins : int
        Of the features.
    params : mapping
        With 'pool_size'.

    Raises
    ------
    ValueError
        With the number that does not divide.
    """
    for pool in params['pool_size']:
        if bins % pool:
            raise ValueError(f'pool_size: got {list(params["pool_size"])}, but {pool} does not divide the '
                             f'{bins} bins that are left before it')
        bins //= pool
