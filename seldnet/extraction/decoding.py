"""The samples of an open sound file, decoded, in floating point, and checked."""

from typing import TYPE_CHECKING

import numpy as np

from seldnet.common.errors import InputError

if TYPE_CHECKING:  # its import takes a tenth of a second, which training need not wait for
    from soundfile import SoundFile

_FULL_SCALE_OF_16_BITS = 2 ** 15


def read_samples(file: 'SoundFile', nb_samples: int, channels: slice | list[int]) -> np.ndarray:
    """The next samples of a sound file.

    Parameters
    ----------
    file : SoundFile
        Opened for reading.
    nb_samples : int
        As many as there are by its header, or fewer.
    channels : slice or list of int
        Those that are used, counted from 0.

    Returns
    -------
    float32 array, (nb_samples, channels)
        Finite; full scale is 1.

    Raises
    ------
    InputError
        If samples cannot be decoded, break off or are not finite.
    """
    import soundfile

    start = file.tell()
    is_of_16_bits = file.subtype == 'PCM_16'
    try:
        samples = file.read(nb_samples, dtype='int16' if is_of_16_bits else 'float32',
                            always_2d=True)[:, channels]
    except soundfile.LibsndfileError as error:
        raise InputError(f'{file.name}: cannot be decoded from sample {start} on: {error.error_string}; '
                         'copy or download it again') from error
    if len(samples) != nb_samples:
        raise InputError(f'{file.name}: breaks off after {start + len(samples)} samples, expected '
                         f'{file.frames} by its header; copy or download it again')
    if is_of_16_bits:  # the numbers that libsndfile gives, in a sixth of its time
        return samples * np.float32(1 / _FULL_SCALE_OF_16_BITS)
    if not np.isfinite(samples).all():
        sample, channel = np.argwhere(~np.isfinite(samples))[0]
        raise InputError(f'{file.name}: sample {start + sample} of channel {channel + 1} is '
                         f'{samples[sample, channel]}, expected a finite number')
    return samples
