#!/usr/bin/env bash
# From a corpus to a voice that speaks, in stages. A recipe's run.sh calls this in egs2/<corpus>/tts1.
# shellcheck disable=SC2034,SC2154  # opt declares the options; utils/*.sh read them
set -euo pipefail
[ -e utils/recipe.sh ] || { echo "$0: run this in a recipe's folder, egs2/<corpus>/tts1" >&2; exit 1; }
for library in recipe jobs data tokens train score task synthesis; do
    # shellcheck disable=SC1090
    . "utils/${library}.sh"
done

usage "Train a speech synthesiser and let it speak. The trainer's own flags go in --train_args \"--max_epoch 5\"."

general_options 1-4 "3-6; 2 formats the test sets only" 7 8 9 10
data_options raw 16000
opt   srctexts          ""    "Texts for the token list (default: the training set's)"

section "Speakers and languages"
opt   use_sid           false "Tell the model the number of the speaker (utt2spk)"
opt   use_lid           false "Tell the model the number of the language (utt2lang)"
opt   use_spk_embed     false "Tell the model a vector of the speaker"
opt   spk_embed_tag     xvector "Their folder in dumpdir, and the name of the table there"
opt   spk_embed_tool    resemblyzer "What makes the vectors; none: they are there already" "resemblyzer none"
opt   spk_embed_gpu_inference false "Make them on a GPU"

text_options "phn char word" tacotron g2p_en
opt   lang              noinfo "Language, for the archive of the model"

section "Features"
opt   feats_extract     fbank "What the model writes; log_ with gan_tts" "fbank spectrogram log_spectrogram linear_spectrogram"
opt   feats_normalize   global_mvn "global_mvn, or none for a model that writes waveforms"
opt   n_fft             1024  "Size of the transform, in samples"
opt   n_shift           256   "Samples between frames"
opt   win_length        null  "Length of the window in samples (null: n_fft)"
opt   fmin              80    "Lowest frequency of the mel bands"
opt   fmax              7600  "Highest frequency of the mel bands"
opt   n_mels            80    "Mel bands"
opt   f0min             80    "Lowest pitch"
opt   f0max             400   "Highest pitch"

section "Synthesiser"
opt   tts_task          tts   "gan_tts trains against a discriminator" "tts gan_tts"
opt   tag               ""    "Part of tts_exp's name"
opt   tts_exp           ""    "Folder of the synthesiser"
opt   tts_stats_dir     ""    "Folder of its statistics"
opt   train_config      ""    "YAML file of its training"
opt   train_args        ""    "Flags of the training, stronger than train_config"
opt   tts_args          ""    "More of them"
opt   pretrained_model  ""    "Parameters to start from: FILE[:SOURCE[:TARGET[:EXCLUDES]]]"
opt   ignore_init_mismatch false "Leave out pretrained parameters that do not fit"
opt   num_splits        1     "Split the data for training"
opt   teacher_dumpdir   ""    "Decoded sets of a teacher: durations, and features where it spoke freely (probs)"
opt   durations_asr     ""    "Recogniser (experiment folder) whose CTC tells the durations, in the place of a teacher"
opt   write_collected_feats "" "Keep the features, pitch and energy of stage 5 (default: where pitch is costly)" "true false"
opt   text_fold_length  150   "Fold length of the text, with batch_type folded"
opt   speech_fold_length 800  "Fold length in frames, with batch_type folded"

section "Decoding and evaluation"
opt   batch_size        1     "Utterances decoded together"
opt   inference_tag     ""    "Name of the folder in tts_exp"
opt   inference_config  ""    "YAML file of the decoding"
opt   inference_args    ""    "Flags of tts_inference, stronger than inference_config"
opt   inference_model   train.loss.ave.pth "Parameter file in tts_exp; by default, without it, another one that is there"
opt   vocoder_file      none  "Model that makes waves of features; none: Griffin-Lim"
opt   skip_scoring      false "Leave out the measures of the speech"
opt   score_asr         none  "Judge of intelligibility: whisper[:<model folder>], espnet2:<exp folder> or none"
later "Models of the model zoo" download_model=

stage 1 data            "Prepare the data"                          data_prep
stage 2 format          "Bring the audio to one rate and format"    data_prep
stage 3 length_filter   "Drop too short and too long utterances"    data_prep train
stage 4 tokens          "Make the token list"                       data_prep train
stage 5 tts_stats       "Collect lengths and feature statistics"    train
stage 6 tts_train       "Train the synthesiser"                     train
stage 7 decode          "Synthesise the test sets and evaluate"     eval
sharing_stages 8

check_options() {
    check_words "${train_args}" "${tts_args}" "${inference_args}"
    check_files "${train_config}" "${inference_config}" "${nlsyms_txt#none}" "${vocoder_file#none}"
    [ "${use_sid}${use_spk_embed}" != truetrue ] || die "--use_sid and --use_spk_embed: choose one of them"
    [ -z "${teacher_dumpdir}" ] || [ -d "${teacher_dumpdir}" ] || die "--teacher_dumpdir ${teacher_dumpdir}: no such folder"
    [ -z "${durations_asr}" ] || [ -d "${durations_asr}" ] || die "--durations_asr ${durations_asr}: no such folder"
    [ -z "${teacher_dumpdir}" ] || [ -z "${durations_asr}" ] || die "--teacher_dumpdir and --durations_asr: choose one of them"
    case ${score_asr} in
        none | whisper | whisper:* | espnet2:?*) ;;
        *) die "--score_asr ${score_asr}: choose none, whisper, whisper:<folder> or espnet2:<exp folder>" ;;
    esac
    [ "${token_type}" = phn ] || g2p=none
    train_args+=${tts_args:+${train_args:+ }${tts_args}}
}

# True when tracking the pitch anew in each epoch would take much of the training: by Harvest, or beside a GPU.
pitch_is_costly() {
    local told
    told="$(cat "${train_config:-/dev/null}") ${train_args}"
    [[ ${told} =~ pitch_extract[:\ =]+harvest ]] || { [ "${ngpu}" -gt 0 ] && [[ ${told} =~ pitch_extract[:\ =]+(dio|yin) ]]; }
}

# Every folder and experiment name follows from the options; a name that the user gave stays.
name_things() {
    local unit=${token_type} feats=${feats_type}
    [ "${cleaner}" = none ] || unit+=_${cleaner//:/_}
    [ "${token_type}" != phn ] || unit+=_${g2p}
    [ "${feats_extract}" = fbank ] || feats+=_${feats_extract}
    source_set=${train_set} bpemodel=none
    [ -n "${write_collected_feats}" ] || write_collected_feats=$(pitch_is_costly && echo true || echo false)
    token_dir=${dumpdir}/token_list/${unit}
    token_list=${token_dir}/tokens.txt
    [ -z "${durations_asr}" ] || teacher_dumpdir=${dumpdir}/ctc_durations_${unit}_${n_shift}_$(basename "${durations_asr}")
    : "${srctexts:=${data_feats}/${train_set}/text}"
    : "${tag:=$(tag_of "${train_config}" train "${feats_type}" "${unit}")$(mangle "${train_args}" keep-slash)}"
    : "${tts_exp:=${expdir}/tts_${tag}}" "${tts_stats_dir:=${expdir}/tts_stats_${feats}_${unit}}"
    : "${inference_tag:=$(tag_of "${inference_config}" inference)$(mangle "${inference_args}" keep-slash)_$(file_tag "${inference_model}")}"
    check_name tag "${tts_exp}"
    check_name inference_tag "${inference_tag}"
}

stage_format() {
    local set
    local -a folders=()
    format_wanted_sets
    for set in $(wanted_folders); do
        folders+=("${data_feats}/${set}")
    done
    [ "${use_sid}" = false ] || number_names utt2spk "${data_feats}/org/${train_set}/spk2sid" "${folders[@]}"
    [ "${use_lid}" = false ] || number_names utt2lang "${data_feats}/org/${train_set}/lang2lid" "${folders[@]}"
    if [ "${use_spk_embed}" = true ]; then
        for set in "${folders[@]}"; do
            embed_speakers "${set}" "${dumpdir}/${spk_embed_tag}/${set##*/}" "${spk_embed_tag}"
        done
    fi
}

stage_length_filter() {
    local set table
    filter_training_sets
    [ "${use_spk_embed}" = true ] || return 0
    for set in "${train_set}" "${valid_set}"; do
        table=${dumpdir}/${spk_embed_tag}/${set}/${spk_embed_tag}.scp
        [ -e "${table}.bak" ] || cp "${table}" "${table}.bak"
        utils/filter_scp.pl "${data_feats}/${set}/text" "${table}.bak" > "${table}"
    done
}

stage_tokens() {
    # shellcheck disable=SC2086  # file names are words
    join_texts "${data_feats}/srctexts" ${srctexts}
    make_unit_list "${token_type}" "${token_dir}" "${data_feats}/srctexts"
}

# True when the teacher spoke freely: then its features are the targets, since its durations do not fit the recordings.
teacher_spoke() { [ -n "${teacher_dumpdir}" ] && [ -d "${teacher_dumpdir}/${train_set}/probs" ]; }

# data_of SET [PART]: ${data[@]} is path,name,type of all that is told of a set, text and speech first. PART is stats, train or
# valid: to learn from, so what the teacher did belongs to it, and the pitch and energy that the statistics kept.
data_of() {
    local folder=${data_feats}/$1 teacher=${teacher_dumpdir:+${teacher_dumpdir}/$1} table name
    local set=${1##*/}
    data=("${folder}/text,text,text" "${folder}/$(speech_data "${folder}")")
    if [ -n "${teacher}" ] && [ -n "${2:-}" ]; then
        need_file "${teacher}/durations" "decode the set with the teacher, or align it"
        ! teacher_spoke || data[1]=${teacher}/denorm/feats.scp,speech,npy
        data+=("${teacher}/durations,durations,text_int")
    fi
    if [ "${use_spk_embed}" = true ]; then
        table=${dumpdir}/${spk_embed_tag}/${set}/${spk_embed_tag}.scp
        need_file "${table}" "stage 2 (format) makes it"
        if [ "${folder}" != "${data_feats}/${set}" ] && [ -e "${table}.bak" ]; then table+=.bak; fi   # org/: unfiltered
        data+=("${table},spembs,$(embedding_type "${table}")")
    fi
    [ "${use_sid}" = false ] || data+=("${folder}/utt2sid,sids,text_int")
    [ "${use_lid}" = false ] || data+=("${folder}/utt2lid,lids,text_int")
    for name in ${2:+pitch energy}; do
        table=${tts_stats_dir}/$2/collect_feats/${name}.scp
        [ ! -e "${table}" ] || data+=("${table},${name},npy")
    done
}

# add_feature_options: what features, pitch and energy are made with.
add_feature_options() {
    local pair
    local -a sizes=("n_fft=${n_fft}" "hop_length=${n_shift}" "win_length=${win_length}") feats=()
    if teacher_spoke; then
        opts+=(--odim "${n_mels}")
        return
    fi
    feats=("${sizes[@]}")
    [ "${feats_extract}" != fbank ] || feats+=("fs=${fs}" "fmin=${fmin}" "fmax=${fmax}" "n_mels=${n_mels}")
    opts+=(--feats_extract "${feats_extract}")
    for pair in "${feats[@]}"; do
        opts+=(--feats_extract_conf "${pair}")
    done
    for pair in "fs=${fs}" "n_fft=${n_fft}" "hop_length=${n_shift}" "f0max=${f0max}" "f0min=${f0min}"; do
        opts+=(--pitch_extract_conf "${pair}")
    done
    for pair in "fs=${fs}" "${sizes[@]}"; do
        opts+=(--energy_extract_conf "${pair}")
    done
}

stage_tts_stats() {
    local part
    local -a opts=() data=()
    add_config "${train_config}"
    add_text_options
    add_feature_options
    [ -z "${durations_asr}" ] || for part in "${train_set}" "${valid_set}"; do
        ctc_durations "${data_feats}/${part}" "${teacher_dumpdir}/${part}"
    done
    for part in train valid; do
        data_of "$([ "${part}" = train ] && echo "${train_set}" || echo "${valid_set}")" stats
        add_triples "${part}_data_path_and_name_and_type"
    done
    opts+=(--normalize none --pitch_normalize none --energy_normalize none --write_collected_feats "${write_collected_feats}")
    add_words "${train_args}"
    collect_stats "${tts_task}" "${tts_stats_dir}" "${data_feats}/${train_set}/text" "${data_feats}/${valid_set}/text" valid \
        "${opts[@]}"
    append_vocab_size "${tts_stats_dir}" "${token_type}" "${token_list}"
}

stage_tts_train() {
    local dir="" shapes=${tts_stats_dir}/train fold=${speech_fold_length} name
    local -a opts=() data=() files=()
    data_of "${train_set}" train
    files=("${data[@]%%,*}" "${shapes}/text_shape.${token_type}" "${shapes}/speech_shape")
    split_inputs "${num_splits}" "${tts_stats_dir}" "${files[@]}"
    add_config "${train_config}"
    add_text_options
    add_feature_options
    add_triples train_data_path_and_name_and_type "${dir}"
    opts+=(--train_shape_file "${shapes}/text_shape.${token_type}" --train_shape_file "${shapes}/speech_shape")
    data_of "${valid_set}" valid
    add_triples valid_data_path_and_name_and_type
    add_shapes valid "${tts_stats_dir}" "text_shape.${token_type}" speech_shape
    teacher_spoke || fold=$((fold * n_shift))      # samples
    opts+=(--fold_length "${text_fold_length}" --fold_length "${fold}" --ignore_init_mismatch "${ignore_init_mismatch}")
    [ -z "${pretrained_model}" ] || opts+=(--init_param "${pretrained_model}")
    opts+=(--normalize "${feats_normalize}")
    [ "${feats_normalize}" = none ] || opts+=(--normalize_conf "stats_file=${tts_stats_dir}/train/feats_stats.npz")
    for name in pitch energy; do
        [ ! -e "${tts_stats_dir}/train/${name}_stats.npz" ] \
            || opts+=("--${name}_normalize_conf" "stats_file=${tts_stats_dir}/train/${name}_stats.npz")
    done
    add_words "${train_args}"
    train_task "${tts_task}" "${tts_exp}" "${opts[@]}"
}

stage_decode() {
    choose_kept_model inference_model "${tts_exp}"
    local set dir model=${tts_exp}/${inference_model}
    local -a opts data
    need_file "${model}" "stage 6 (tts_train) makes it; or choose another --inference_model"
    write_resume "${tts_exp}/${inference_tag}"
    for set in ${test_dirs}; do
        dir=${tts_exp}/${inference_tag}/${set}
        opts=(--batch_size "${batch_size}" --train_config "${tts_exp}/config.yaml" --model_file "${model}"
            --vocoder_file "${vocoder_file}")
        add_config "${inference_config}"
        data_of "${set}"
        add_triples data_path_and_name_and_type
        add_words "${inference_args}"
        synthesise_set "${data_feats}/${set}" "${dir}" "${opts[@]}"
        [ "${skip_scoring}" = true ] || [ ! -d "${dir}/wav" ] || evaluate_set "${data_feats}/${set}" "${dir}"
    done
    if [ "${skip_scoring}" = false ]; then
        write_results tts "${tts_exp}"
        show_outcome "${tts_exp}"
    fi
    log "Listen: ${tts_exp}/${inference_tag}/<set>/wav"
    if grep -qsE '^tts: (hifigan_)?vocoder$' "${tts_exp}/config.yaml"; then
        log "Let a synthesiser speak by it: --vocoder_file ${model}"
    else
        log "Say something: . ./path.sh; python3 -m espnet2.bin.say --exp ${tts_exp} \"Hello.\""
    fi
}

evaluate_set() {
    log "Measuring the speech in $2/wav"
    door tts_evaluate --ref_wavscp "$1/wav.scp" --ref_text "$1/text" --hyp_dir "$2" --log_dir "$2/log" --score_asr "${score_asr}"
}

decodes_training_sets=true      # a teacher's durations are wanted of them
begin_task "$@"
run_stages
