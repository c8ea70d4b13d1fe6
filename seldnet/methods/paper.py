"""`paper`: SELDnet as in the figure of the paper (arXiv 1807.00129).

Eight planes, the four magnitudes and the four phases of each bin; batch normalisation of each filter; the GRU
that Keras 3 has by default, for which cuDNN has a kernel.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from seldnet.methods import released


def build(data_in: Sequence[int], nb_classes: int, params: Mapping[str, Any], *,
          jit_compile: bool | str | None = None) -> Any:
    """The compiled network; arguments as of `Method`.

    Parameters
    ----------
    data_in : (batch, frames, bins, planes)
    nb_classes : int
    params : mapping
        As of `layers.seldnet`.
    jit_compile : bool, 'auto' or None
        None is 'auto', Keras' own choice.

    Returns
    -------
    keras.Model
    """
    from seldnet.methods import layers

    return layers.seldnet('paper', data_in, nb_classes, params, planes_of=layers.magnitude_and_phase_planes,
                          normalized_axis=-1, gru=layers.gru_of_keras_3,
                          jit_compile='auto' if jit_compile is None else jit_compile)


METHOD = dataclasses.replace(released.METHOD, name='paper', build=build, doa_error_if_silent=180.0)
