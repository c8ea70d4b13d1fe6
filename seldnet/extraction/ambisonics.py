"""Conventions of first-order Ambisonics: what a file's header declares, and how all become ACN and N3D.

    n3d   W, Y, Z, X (ACN order), as the data set of 2019 has them: Y, Z and X of a plane wave are up to
          sqrt(3) times W
    sn3d  the same order; Y, Z and X are at most W (AmbiX)
    fuma  W, X, Y, Z; W is 3 dB weaker than in the others (B-format of Furse and Malham, as of .amb files)

Gains: Carpentier, "Normalization schemes in Ambisonic: does it matter?", AES 142nd Convention, 2017.
"""

import math
from pathlib import Path

import numpy as np

from seldnet.extraction.headers import wav_chunks

_ROOT_3 = math.sqrt(3)
# For each convention which channel becomes W, Y, Z and X, and its gain.
_TO_N3D = {'sn3d': ((0, 1, 2, 3), (1, _ROOT_3, _ROOT_3, _ROOT_3)),
           'fuma': ((0, 2, 3, 1), (math.sqrt(2), _ROOT_3, _ROOT_3, _ROOT_3))}


def to_n3d(samples: np.ndarray, convention: str) -> np.ndarray:
    """Ambisonic signals in ACN order with N3D gains.

    Parameters
    ----------
    samples : float array, shape (samples, 4)
    convention : {'n3d', 'sn3d', 'fuma'}
        That they have.

    Returns
    -------
    array of the same shape and type
        For n3d `samples` themselves.

    Examples
    --------
    >>> to_n3d(np.array([[1, 0, 1, 0]]) / np.sqrt(2), 'fuma').round(3).tolist()
    [[1.0, 1.225, 0.0, 0.0]]
    """
    if convention not in _TO_N3D:
        return samples
    source, gain = _TO_N3D[convention]
    return samples[:, list(source)] * np.array(gain, samples.dtype)


def full_scale_of(convention: str) -> np.ndarray:
    """What becomes of full scale in each channel of `to_n3d`.

    Parameters
    ----------
    convention : {'n3d', 'sn3d', 'fuma'}

    Returns
    -------
    float32 array, (4,)
    """
    return to_n3d(np.ones((1, 4), np.float32), convention)[0]


def declared_convention(path: str | Path) -> str | None:
    """What the header of a WAV file declares about its channels.

    Parameters
    ----------
    path : path
        Of a recording.

    Returns
    -------
    'fuma' or None
        None where it says nothing, or the file is of another kind.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with Path(path).open('rb') as file:
        for name, size in wav_chunks(file):
            if name == b'fmt ':
                return 'fuma' if file.read(min(size, 40))[28:] == _B_FORMAT else None
    return None


# The end of the GUIDs 00000001- and 00000003-0721-11d3-8644-c8c1ca000000 (B-format of integers and floats).
_B_FORMAT = bytes.fromhex('2107d3118644c8c1ca000000')
