#!/usr/bin/env bash
# Data folders on their way from data/ to dump/, for task scripts. Stands on recipe.sh and jobs.sh.
# Reads nj, train_cmd, python, fs, feats_type, audio_format, ref_channels, multi_columns_*_wav_scp.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# "16k" -> 16000
in_hertz() { awk -v size="$1" 'BEGIN { print int(size * (size ~ /[kK]$/ ? 1000 : 1)) }'; }

# perturb_speed SRC DST FACTOR...: SRC at every factor, joined in DST. The audio itself is resampled by format_set.
perturb_speed() {
    local factor
    local -a parts=()
    for factor in "${@:3}"; do
        if [[ ${factor} =~ ^1(\.0*)?$ ]]; then
            parts+=("$1")
        else
            log "$1 at ${factor} of its speed -> $2${factor}"
            utils/perturb_data_dir_speed.sh "${factor}" "$1" "$2${factor}"
            parts+=("$2${factor}")
        fi
    done
    utils/combine_data.sh "$2" "${parts[@]}"
}

# A file per utterance must have one channel, unless channels are chosen (ref_channels) or spread over columns.
_is_mono() { [ -z "${ref_channels:-}" ] && [ "${multi_columns_input_wav_scp}${multi_columns_output_wav_scp}" = falsefalse ]; }

# check_folders DIR...: stop with all their problems in one report.
check_folders() {
    local -a opts=()
    [ "${feats_type}" != raw_copy ] || opts+=(--fs "${fs}")
    ! _is_mono || opts+=(--num_channels 1)
    [ "${multi_columns_input_wav_scp}" = false ] || opts+=(--need_audio false)      # it knows one file a line
    log "Checking $*"
    door check_data_dir "${opts[@]}" "$@"
}

# speech_table DIR: which table of a dumped folder has the speech, audio or features.
speech_table() {
    local type=raw
    [ ! -e "$1/feats_type" ] || type=$(< "$1/feats_type")
    case ${type} in
        fbank*) printf feats.scp ;;
        *) printf wav.scp ;;
    esac
}

# speech_data DIR: that table as the doors are told of it.
speech_data() { printf '%s,speech,%s' "$(speech_table "$1")" "$(speech_type "$1")"; }

# speech_type DIR: how that table is read.
speech_type() {
    local format=""
    [ "$(speech_table "$1")" = wav.scp ] || format=ark
    [ ! -e "$1/audio_format" ] || format=$(< "$1/audio_format")
    case ${format} in
        *ark*) printf kaldi_ark ;;
        *multi*) printf multi_columns_sound ;;
        *) printf sound ;;
    esac
}

# The milliseconds between frames of features.
_frame_shift() {
    local shift=""
    [ ! -f conf/fbank.conf ] || shift=$(sed -n 's/^--frame-shift=\([0-9.]*\).*/\1/p' conf/fbank.conf)
    printf '%s' "${shift:-10}"
}

# input_shift DIR: milliseconds between samples or frames of a dumped folder.
input_shift() {
    if [ "$(speech_table "$1")" = feats.scp ]; then
        _frame_shift
    else
        awk -v rate="$(in_hertz "${fs}")" 'BEGIN { print 1000 / rate }'
    fi
}

# add_input DIR: append to opts what the model is to expect: audio of a rate, or features of so many dimensions.
add_input() {
    if [ "$(speech_table "$1")" = feats.scp ]; then
        opts+=(--input_size "$(< "$1/feats_dim")")
    else
        opts+=(--frontend_conf "fs=${fs}")
    fi
}

# format_set SRC DST: a copy of a data folder with an audio file of the wanted rate and format, or features, for each utterance.
# The tables of an earlier DST are replaced once all is well.
format_set() {
    local src=$1 dst=$2 new=$2/.new
    log "Formatting ${src} -> ${dst}: $(num_lines "${src}/wav.scp") recordings"
    rm -rf "${new}"
    utils/copy_data_dir.sh --validate_opts --non-print "${src}" "${new}" > /dev/null
    [[ ${feats_type} != fbank* ]] || _make_features "${new}" "${dst}"
    rm -f "${new}"/{segments,wav.scp,reco2file_and_channel,reco2dur,reco2speed}
    case ${feats_type} in
        raw) _convert_audio "${src}" "${new}" "${dst}" ;;
        raw_copy) _keep_audio "${src}" "${new}" ;;
    esac
    echo "${feats_type%_copy}" > "${new}/feats_type"
    utils/copy_data_dir.sh --validate_opts --non-print "${new}" "${dst}" > /dev/null
    rm -r "${new}"
}

# _convert_audio SRC NEW DST: the tables go into NEW, the audio and the logs into DST.
_convert_audio() {
    local src=$1 new=$2 dst=$3 multi=""
    local -a opts=()
    [ ! -e "${src}/segments" ] || opts+=(--segments "${src}/segments")
    [ ! -e "${src}/reco2speed" ] || opts+=(--reco2speed "${src}/reco2speed")
    [ -z "${ref_channels:-}" ] || opts+=(--ref_channels "${ref_channels}")
    ! _is_mono || opts+=(--num_channels 1)
    scripts/audio/format_wav_scp.sh --nj "${nj}" --cmd "${train_cmd}" --python "${python}" \
        --audio_format "${audio_format}" --fs "${fs}" \
        --multi_columns_input "${multi_columns_input_wav_scp}" \
        --multi_columns_output "${multi_columns_output_wav_scp}" \
        "${opts[@]}" "${src}/wav.scp" "${new}" "${dst}/logs" "${dst}/data"
    [ "${multi_columns_output_wav_scp}" = false ] || multi=multi_
    echo "${multi}${audio_format}" > "${new}/audio_format"
}

# _make_features NEW DST: the tables go into NEW, the archives and the logs into DST.
_make_features() {
    local add_pitch=true
    local -a opts=()
    [ "${multi_columns_input_wav_scp}${multi_columns_output_wav_scp}" = falsefalse ] \
        || die "features are made of one file per utterance: several columns need --feats_type raw"
    [ "${feats_type}" = fbank_pitch ] || add_pitch=false
    [ -z "${ref_channels:-}" ] || opts+=(--ref_channels "${ref_channels}")
    steps/make_fbank_pitch.sh --nj "${nj}" --cmd "${train_cmd}" --python "${python}" --fs "${fs}" \
        --add_pitch "${add_pitch}" "${opts[@]}" "$1" "$2/logs" "$2/data"
}

_keep_audio() {
    local src=$1 dst=$2
    [ ! -e "${src}/segments" ] || die "${src} has segments, which need cutting: use --feats_type raw"
    [ ! -e "${src}/reco2speed" ] || die "${src} has reco2speed, which needs resampling: use --feats_type raw"
    [ -z "${ref_channels:-}" ] || die "--ref_channels ${ref_channels} changes the audio: use --feats_type raw"
    cp "${src}/wav.scp" "${dst}/wav.scp"
    if [ -e "${src}/utt2num_samples" ]; then
        cp "${src}/utt2num_samples" "${dst}"
    else
        [ -e "${src}/utt2dur" ] || utils/data/get_utt2dur.sh "${src}"
        awk -v rate="$(in_hertz "${fs}")" '{ print $1, int($2 * rate) }' "${src}/utt2dur" > "${dst}/utt2num_samples"
    fi
    echo "${audio_format}" > "${dst}/audio_format"
}

# filter_lengths SRC DST MIN_SECONDS MAX_SECONDS
filter_lengths() {
    local -a counted=(--fs "${fs}")
    if [ "$(speech_table "$1")" = feats.scp ]; then
        counted=(--lengths feats_shape --fs "$(awk -v shift="$(_frame_shift)" 'BEGIN { print int(1000 / shift) }')")
    fi
    door length_filter --in_dir "$1" --out_dir "$2" --min_seconds "$3" --max_seconds "$4" "${counted[@]}"
}

# check_sets: the names of the sets make sense. A valid_set among the test_sets is scored as org/<valid_set> instead; where
# decodes_training_sets is true, it is decoded as it is trained on, and so may the train_set be.
# Reads and mends train_set, valid_set, test_sets, eval_valid_set; reads skip_train.
check_sets() {
    local set kept=""
    [ "${skip_train}" = true ] || [ -n "${train_set}" ] \
        || die "--train_set is required: the folder under data/ to train on"
    [ "${skip_train}${eval_valid_set}" = truefalse ] || [ -n "${valid_set}" ] \
        || die "--valid_set is required: the folder under data/ to validate on"
    [ "${eval_valid_set}" = true ] || [ -n "${test_sets}" ] \
        || die "--test_sets is required: the folders under data/ to decode and score (or --eval_valid_set true)"
    [ -z "${train_set}" ] || [ "${train_set}" != "${valid_set}" ] \
        || die "train_set and valid_set are both '${train_set}'"
    for set in ${test_sets}; do
        if [ "${set}" = "${train_set}" ] && [ "${decodes_training_sets:-false}" = false ]; then
            die "train_set '${set}' is among the test_sets"
        elif [ "${set}" = "${valid_set}" ] && [ "${decodes_training_sets:-false}" = false ]; then
            log "valid_set '${set}' is among the test_sets: it is scored as org/${set} (--eval_valid_set true)"
            eval_valid_set=true
        elif [[ " ${kept} " == *" ${set} "* ]]; then
            log "test set '${set}' is listed twice and taken once"
        else
            kept+="${kept:+ }${set}"
        fi
    done
    test_sets=${kept}
}
