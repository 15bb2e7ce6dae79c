# Where the corpora lie. "downloads" lets the recipe fetch the corpus into ./downloads; an environment variable of the
# same name is stronger than this file; an empty value has to be filled in by you.
# shellcheck shell=bash disable=SC2034
ALLISON=${ALLISON:-downloads}
AN4=${AN4:-downloads}
FSDD=${FSDD:-downloads}
LIBRISPEECH=${LIBRISPEECH:-downloads}
LJSPEECH=${LJSPEECH:-downloads}
MINI_AN4=${MINI_AN4:-downloads}
MINI_TTS=${MINI_TTS:-downloads}
