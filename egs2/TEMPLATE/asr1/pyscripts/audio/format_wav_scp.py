"""The old name of ``python -m espnet2.bin.format_wav_scp``."""

from espnet2.bin.format_wav_scp import main
from espnet2.utils.door import run_door

if __name__ == "__main__":
    run_door(main)
