#!/usr/bin/env bash
# What task scripts have in common: general options, the way into the stages, the first and the last of these. Stands on
# recipe.sh, jobs.sh and data.sh. A task script sources this, declares its own options and stages, writes check_options and
# name_things, and ends with:  begin_task "$@";  run_stages
# shellcheck disable=SC2034,SC2154  # opt declares the options

# general_options PREPARATION TRAINING EVALUATION PACK UPLOAD UPLOAD_HF: the stages that each skip_* leaves out, for --help.
general_options() {
    section "What to run"
    opt stage             1     "First stage"
    opt stop_stage        10000 "Last stage"
    opt skip_stages       ""    "Stages to leave out, numbers or names"
    opt skip_data_prep    false "Leave out stages $1"
    opt skip_train        false "Leave out $2"
    opt skip_eval         false "Leave out $3"
    opt skip_packing      true  "Leave out $4"
    opt skip_upload       true  "Leave out $5; false asks for packing too"
    opt skip_upload_hf    true  "Leave out $6; false asks for packing too"
    opt hf_repo           ""    "Hugging Face repository for stage $6, user/name"
    opt eval_valid_set    false "Decode and score the validation set too"
    opt debug             false "Print each command"

    section "Machine"
    opt ngpu              ""    "GPUs per node, 0 is the CPU (default: those that are there)"
    opt num_nodes         1     "Nodes of a training"
    opt nj                ""    "Jobs of data preparation and statistics (default: what cores and memory carry)"
    opt inference_nj      ""    "Jobs of decoding (default: what cores and memory carry)"
    opt gpu_inference     false "Decode on GPUs"
    opt dumpdir           dump  "Folder of the formatted data"
    opt expdir            exp   "Folder of the experiments"
    opt python            python3 "Python interpreter"
}

# data_options FEATS_TYPES FS: section "Data"; the first of the types and the rate are the defaults.
data_options() {
    section "Data"
    opt train_set         ""    "Folder under data/ to train on"
    opt valid_set         ""    "Folder under data/ to validate on"
    opt test_sets         ""    "Folders under data/ to decode and score"
    opt local_data_opts   ""    "Options for local/data.sh"
    opt feats_type        "${1%% *}" "Form of the dumped data" "$1"
    opt audio_format      flac  "Format of the dumped audio" "wav flac wav.ark flac.ark"
    opt ref_channels      ""    "Channels to keep of audio that has several, e.g. 0 (default: it must have one)"
    opt multi_columns_input_wav_scp false "wav.scp has a file per channel"
    opt multi_columns_output_wav_scp false "Dump a file per channel"
    opt fs                "$2"  "Sampling rate"
    opt min_wav_duration  0.1   "Drop training utterances of this many seconds or less"
    opt max_wav_duration  20    "Drop training utterances of this many seconds or more"
}

# text_options TOKEN_TYPES CLEANER G2P: section "Text and tokens"; the first of the types and the others are the defaults.
text_options() {
    section "Text and tokens"
    opt token_type        "${1%% *}" "Unit of the text" "$1"
    opt oov               "<unk>" "Token of unknown units"
    opt blank             "<blank>" "Token of CTC's blank"
    opt sos_eos           "<sos/eos>" "Token of start and end"
    opt nlsyms_txt        none  "File of non-linguistic symbols"
    opt cleaner           "$2"  "Text cleaner, or module:function of yours"
    opt g2p               "$3"  "Grapheme to phoneme, with token_type phn"
}

# sharing_stages NUMBER: pack, upload and upload_hf from that number on.
sharing_stages() {
    stage "$1"          pack            "Pack the model"                            packing
    stage "$(($1 + 1))" upload          "Upload to Zenodo"                          upload
    stage "$(($1 + 2))" upload_hf       "Upload to Hugging Face"                    upload_hf
}

# check_words STRING...: stop when one cannot be split into words.
check_words() {
    local words
    local -a opts
    for words in "$@"; do
        add_words "${words}"
    done
}

# check_files FILE...: stop when one that was named is not there.
check_files() {
    local file
    for file in "$@"; do
        [ -z "${file}" ] || [ -f "${file}" ] || die "${file}: no such file"
    done
}

# begin_task ARGUMENT...: from the command line to the names of all folders.
begin_task() {
    parse_options "$@"
    check_no_positional
    check_sets
    check_words "${local_data_opts}"
    check_options
    if [ "${skip_upload}" = false ] || [ "${skip_upload_hf}" = false ]; then
        skip_packing=false
    fi
    . ./path.sh
    . ./cmd.sh
    suit_machine
    data_feats=${dumpdir}/${feats_type}
    test_dirs=${test_sets}
    [ "${eval_valid_set}" = false ] || test_dirs="org/${valid_set} ${test_sets}"
    name_things
    [ "${debug}" = false ] || set -x
}

# Reads source_set: the training set as local/data.sh makes it.
stage_data() {
    local -a opts=()
    local set
    add_words "${local_data_opts}"
    local/data.sh "${opts[@]}"
    for set in ${source_set} ${valid_set} ${test_sets}; do
        [ -e "data/${set}/wav.scp" ] || die "local/data.sh made no data/${set}/wav.scp"
    done
}

# The folders under ${data_feats} that stage format makes.
wanted_folders() {
    local set
    [ "${skip_train}" = true ] || echo "org/${train_set}" "org/${valid_set}"
    [ "${skip_train}${eval_valid_set}" != truetrue ] || echo "org/${valid_set}"
    for set in ${test_sets}; do
        [ "${skip_train}" = false ] && [[ " ${train_set} ${valid_set} " == *" ${set} "* ]] || echo "${set}"
    done
}

stage_format() { format_wanted_sets; }

format_wanted_sets() {
    local set
    local -a wanted=() folders=()
    read -ra wanted -d '' < <(wanted_folders) || true
    for set in "${wanted[@]}"; do
        folders+=("data/${set#org/}")
    done
    check_folders "${folders[@]}"
    for set in "${wanted[@]}"; do
        format_set "data/${set#org/}" "${data_feats}/${set}"
    done
}

# filter_training_sets: training and validation set from org/ to their place, without too short and too long utterances.
filter_training_sets() {
    local set
    for set in "${train_set}" "${valid_set}"; do
        filter_lengths "${data_feats}/org/${set}" "${data_feats}/${set}" "${min_wav_duration}" "${max_wav_duration}"
    done
}

comes_with_sharing() { die "packing and uploading comes with the sharing feature: not in this version yet"; }
stage_pack() { comes_with_sharing; }
stage_upload() { comes_with_sharing; }
stage_upload_hf() { comes_with_sharing; }
