"""Headers of recordings beyond what libsndfile says: chunks of WAV files, and files left unfinished."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Endings of what libsndfile reads in four channels or says so; in folders a file of these is a recording.
READABLE = ('.wav', '.flac', '.w64', '.rf64', '.aiff', '.aif', '.ogg', '.caf', '.wave', '.bwf', '.wavex',
            '.amb', '.aifc', '.au', '.snd', '.oga', '.opus', '.mp3', '.sph', '.nist', '.voc', '.ircam',
            '.avr', '.paf', '.pvf', '.svx', '.8svx', '.sds', '.htk')
# And of what is a recording only if libsndfile can open it: other programs use them too.
PERHAPS_READABLE = ('.mat', '.iff', '.sf', '.xi', '.mpc', '.sd2', '.wve')
UNKNOWN_FRAMES = 2 ** 62  # libsndfile's number for a length that the header leaves open is above
_CHUNKS = 100  # more than any writer puts there
_LARGEST_HEADER = 65536  # bytes, of a file of another kind without any sound


def wav_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk of a WAV file, whose content the file is about to be read from.

    Parameters
    ----------
    file : binary file
        At its start.

    Yields
    ------
    name : bytes
        Four of them.
    size : int
        Bytes, as the header says.
    """
    riff, _, kind = struct.unpack('<4sI4s', file.read(12).ljust(12))
    if riff not in (b'RIFF', b'RF64') or kind != b'WAVE':
        return
    for _ in range(_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        name, size = struct.unpack('<4sI', header)
        start = file.tell()
        yield name, size
        file.seek(start + size + size % 2)


def unfinished_bytes(path: str | Path) -> int:
    """How many bytes of sound stand behind a header that says that there are none.

    A recorder writes the sizes when it has finished; where it was switched off before, they are still 0.

    Parameters
    ----------
    path : path
        Of a recording that has no samples, as far as libsndfile sees.

    Returns
    -------
    int
        0 for a recording that has none indeed.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    size = Path(path).stat().st_size
    with Path(path).open('rb') as file:
        is_wav = False
        for name, declared in wav_chunks(file):
            is_wav = True
            if name == b'data':
                start = file.tell()
                # Behind an empty chunk another may follow: its name is text, and it ends with the file.
                follower, length = struct.unpack('<4sI', file.read(8).ljust(8, b'\0'))
                is_chunk = follower.isascii() and follower.strip().isalnum() and start + 8 + length <= size
                return 0 if is_chunk or declared not in (0, 2**32 - 1) else size - start
    return 0 if is_wav or size <= _LARGEST_HEADER else size
