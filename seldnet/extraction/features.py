"""Kinds of features: what of a spectrum a network is given.

`spectra` is that of 2019 (arXiv 1807.00129, section III-A). A stored row holds, for one frame, all magnitudes
and then all phases (radians), bins outermost and channels innermost: column 4 b + c is the magnitude of bin
b + 1 in channel c, column 4096 + 4 b + c its phase.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seldnet.annotations.dataset import NB_CHANNELS, TAU2019, Dataset
from seldnet.common.errors import InputError
from seldnet.extraction.spectra import nb_bins

REVISION = 'feature_revision'  # its key in what is stored; the first is not noted
FIRST_REVISION = 1


@dataclass(frozen=True)
class FeatureKind:
    """A kind of features.

    Parameters
    ----------
    name : str
    folder_ending : str
        Of its folders and files beside those of other kinds, such as foa_dev + '' + _norm.
    frame_shape : function
        Of a data set and a format ('foa', 'mic'): the shape (bins, planes) of a frame as networks take it.
    compute : function
        Of a spectrum (frames, bins, channels), a data set and a format: rows, float64 (frames, columns).
    mean_magnitude : function
        Of rows, not normalised: the mean magnitude of their spectra, or what stands for it.
    pool_moments : function, optional
        Of the moments of all columns: those that the scaler is fitted to, where columns share a scale.
    keeps_unscaled : bool
        Whether the features of the first pass are small enough to be kept until the scaler is known.
    plane_map : function, optional
        Of a `Rotation` and a format: the `ChannelMap` of the planes; None if they cannot be rotated.
    precision : {'float64', 'float32'}
        In which the Fourier transform is to be computed, as of `stft_blocks`.
    dtypes : mapping
        Formats ('foa', 'mic') whose features are not stored in float32 unless asked to be, to the type.
    revision : int
        Raised when the numbers change, so that what was made of those before is known: features, scalers,
        models.
    """

    name: str
    folder_ending: str
    frame_shape: Callable[[Dataset, str], tuple[int, int]]
    compute: Callable[[np.ndarray, Dataset, str], np.ndarray]
    mean_magnitude: Callable[[np.ndarray], float]
    pool_moments: Callable[[Any], Any] | None = None
    keeps_unscaled: bool = False
    plane_map: Callable[[Any, str], Any] | None = None
    precision: str = 'float64'
    dtypes: Mapping[str, str] = field(default_factory=dict)
    revision: int = FIRST_REVISION

    def nb_columns(self, dataset: Dataset = TAU2019, audio_format: str = 'foa') -> int:
        """Columns of a row: bins times planes.

        Parameters
        ----------
        dataset : Dataset
        audio_format : {'foa', 'mic'}

        Returns
        -------
        int
            8192 for `spectra` of TAU 2019.
        """
        bins, planes = self.frame_shape(dataset, audio_format)
        return bins * planes

    def usual_dtype(self, audio_format: str) -> str:
        """The type in which features are stored unless another is asked for.

        Parameters
        ----------
        audio_format : {'foa', 'mic'}

        Returns
        -------
        {'float32', 'float16'}
        """
        return self.dtypes.get(audio_format, 'float32')

    def facts(self) -> dict[str, int]:
        """What is noted of the kind beside what is made of it; nothing of its first revision."""
        return {} if self.revision == FIRST_REVISION else {REVISION: self.revision}


def spectrum_to_features(spectrum: np.ndarray, dataset: Dataset = TAU2019,
                         audio_format: str = 'foa') -> np.ndarray:
    """Magnitudes and phases of a spectrum (frames, bins, channels): float64, (frames, 2 * bins * channels).

    Parameters
    ----------
    spectrum : complex array, shape (frames, bins, channels)
    dataset, audio_format
        Not used: all data sets and both formats have the same spectra.

    Returns
    -------
    float64 array, shape (frames, 2 * bins * channels)
        Magnitudes, then phases -pi..pi.

    Examples
    --------
    >>> spectrum_to_features(np.full((1, 1, 4), 3j, np.complex64)).round(3).tolist()
    [[3.0, 3.0, 3.0, 3.0, 1.571, 1.571, 1.571, 1.571]]
    """
    features = np.empty((len(spectrum), 2, *spectrum.shape[1:]))
    # As np.abs and np.angle, but faster: on contiguous parts, and squares of single precision cannot overflow
    # in double.
    real, imaginary = spectrum.real.astype(np.float64), spectrum.imag.astype(np.float64)
    np.arctan2(imaginary, real, out=features[:, 1])
    np.sqrt(real * real + imaginary * imaginary, out=features[:, 0])
    return features.reshape(len(spectrum), -1)


def _spectra_shape(dataset: Dataset, audio_format: str) -> tuple[int, int]:
    return nb_bins(dataset), 2 * NB_CHANNELS


def _mean_magnitude(rows: np.ndarray) -> float:
    return float(rows[..., :rows.shape[-1] // 2].mean())


SPECTRA = FeatureKind('spectra', '', _spectra_shape, spectrum_to_features, _mean_magnitude)

DTYPES = ('float32', 'float16')  # in which features may be stored


def rounded(features: np.ndarray, dtype: str, usual: str) -> np.ndarray:
    """Normalised features in the type in which they are stored.

    Parameters
    ----------
    features : float array
    dtype : {'float32', 'float16'}
    usual : str
        The recordings that define usual levels, for the message.

    Returns
    -------
    array of that type and the same shape
        Finite.

    Raises
    ------
    InputError
        If a number is beyond the range of that type, or none.
    """
    with np.errstate(over='ignore'):  # reported below
        rows = features.astype(dtype)
    if not np.isfinite(rows).all():
        raise InputError(f'features beyond the range of {dtype}, expected levels like those of {usual}')
    return rows
