#!/usr/bin/env bash
# From a corpus to a scored recogniser, in stages. A recipe's run.sh calls this in egs2/<corpus>/asr1.
# shellcheck disable=SC2034,SC2154  # opt declares the options; utils/*.sh read them
set -euo pipefail
[ -e utils/recipe.sh ] || { echo "$0: run this in a recipe's folder, egs2/<corpus>/asr1" >&2; exit 1; }
for library in recipe jobs data tokens train score task; do
    # shellcheck disable=SC1090
    . "utils/${library}.sh"
done

usage "Train and score a speech recogniser. The trainer's own flags go in --asr_args \"--max_epoch 5\"."

general_options 1-5 "2 and 4-11; 3 formats the test sets only" "12 and 13" 14 15 16
later "Training with Lightning" use_lightning=false

data_options "raw raw_copy fbank_pitch fbank" 16k
opt   post_process_local_data_opts "" "Options for a second call of local/data.sh at the end of stage 4"
opt   auxiliary_data_tags "" "Further text files of the training folder, for auxiliary CTC losses"
opt   speed_perturb_factors ""  "e.g. \"0.9 1.0 1.1\""

text_options "bpe char word phn" none none
opt   lang              noinfo "Language, a part of the names"
opt   nbpe              30    "Size of the subword vocabulary"
opt   bpemode           unigram "Subword model" "unigram bpe"
opt   bpe_train_text    ""    "Texts for the subword model (default: the training set's)"
opt   bpe_input_sentence_size 100000000 "Most sentences that the subword model is trained on"
opt   bpe_nlsyms        ""    "Units that stay whole: a comma list or a file"
opt   bpe_char_cover    1.0   "Share of the characters that the subword model covers"
opt   hyp_cleaner       none  "Text cleaner of the hypotheses when scoring"
later "Tokens of a Hugging Face model" hugging_face_model_name_or_path=

section "Language model"
opt   use_lm            true  "Train a language model and decode with it"
opt   lm_tag            ""    "Part of lm_exp's name"
opt   lm_exp            ""    "Folder of the language model"
opt   lm_stats_dir      ""    "Folder of its statistics"
opt   lm_config         ""    "YAML file of its training"
opt   lm_args           ""    "Flags of lm_train"
opt   lm_train_text     ""    "Texts to train on (default: the training set's)"
opt   lm_dev_text       ""    "Text to validate on (default: the validation set's)"
opt   lm_test_text      ""    "Text for the perplexity (default: the first test set's)"
opt   lm_fold_length    150   "Fold length, with batch_type folded"
opt   num_splits_lm     1     "Split the texts for training"
opt   use_ngram         false "Train an n-gram (kenlm) and decode with it"
opt   ngram_exp         ""    "Folder of the n-gram"
opt   ngram_num         3     "Order of the n-gram"
later "Language model over words beside other tokens" use_word_lm=false word_vocab_size=10000

section "Recogniser"
opt   asr_tag           ""    "Part of asr_exp's name"
opt   asr_exp           ""    "Folder of the recogniser"
opt   asr_stats_dir     ""    "Folder of its statistics"
opt   asr_config        ""    "YAML file of its training"
opt   asr_args          ""    "Flags of asr_train, stronger than asr_config"
opt   pretrained_model  ""    "Parameters to start from: FILE[:SOURCE[:TARGET[:EXCLUDES]]]"
opt   ignore_init_mismatch false "Leave out pretrained parameters that do not fit"
opt   feats_normalize   global_mvn "global_mvn uses the statistics of stage 10; anything else leaves it to asr_config"
opt   num_splits_asr    1     "Split the data for training"
opt   asr_speech_fold_length 800 "Fold length in frames, with batch_type folded"
opt   asr_text_fold_length 150 "Fold length of the text, with batch_type folded"
later "Transducer training (asr_transducer)" asr_task=asr
later "Several speakers at once" num_ref=1 num_inf=1 sot_asr=false
later "Prompts" use_prompt=false use_lang_prompt=false use_nlp_prompt=false

section "Decoding and scoring"
opt   batch_size        1     "Utterances decoded together"
opt   inference_tag     ""    "Name of the folder in asr_exp"
opt   inference_config  ""    "YAML file of the decoding"
opt   inference_args    ""    "Flags of asr_inference, stronger than inference_config"
opt   inference_lm      valid.loss.ave.pth "Parameter file in lm_exp"
opt   inference_ngram   ""    "n-gram file in ngram_exp (default: <ngram_num>gram.bin)"
opt   inference_asr_model valid.acc.ave.pth "Parameter file in asr_exp; by default, without acc, another one that is there"
opt   use_maskctc       false "Decode by Mask-CTC, without language model and n-gram"
opt   use_streaming     false "Decode as if the speech came live, by a model that can stream"
opt   score_opts        ""    "Options for sclite"
opt   local_score_opts  ""    "Options for local/score.sh"
later "Models of the model zoo" download_model=
later "Decoding with k2" use_k2=false k2_ctc_decoding=true use_nbest_rescoring=true num_paths=1000 nll_batch_size=100 \
    k2_config=./conf/decode_asr_transformer_with_k2.yaml

stage 1  data            "Prepare the data"                          data_prep
stage 2  speed_perturb   "Perturb the speed of the training set"     data_prep train
stage 3  format          "Bring the audio to one rate and format"    data_prep
stage 4  length_filter   "Drop too short and too long utterances"    data_prep train
stage 5  tokens          "Make the token list"                       data_prep train
stage 6  lm_stats        "Collect the lengths of the LM's text"      train
stage 7  lm_train        "Train the language model"                  train
stage 8  lm_perplexity   "Calculate the perplexity"                  train
stage 9  ngram           "Train the n-gram"                          train
stage 10 asr_stats       "Collect lengths and feature statistics"    train
stage 11 asr_train       "Train the recogniser"                      train
stage 12 decode          "Decode the test sets"                      eval
stage 13 score           "Score the hypotheses"                      eval
sharing_stages 14

check_options() {
    check_words "${asr_args}" "${lm_args}" "${inference_args}"
    check_files "${asr_config}" "${lm_config}" "${inference_config}" "${nlsyms_txt#none}"
    [ "${use_maskctc}${use_streaming}" != truetrue ] || die "--use_maskctc and --use_streaming: choose one of them"
    [ "${use_maskctc}" = false ] || use_lm=false use_ngram=false
}

# Every folder and experiment name follows from the options; a name that the user gave stays.
name_things() {
    local unit=${token_type} sp=${speed_perturb_factors:+_sp} list=data/token_list
    [ "${token_type}" != bpe ] || unit+=${nbpe}
    if [ "${lang}" != noinfo ]; then
        unit=${lang}_${unit} list=data/${lang}_token_list
    fi
    source_set=${train_set}                 # before speed perturbation
    [ -z "${train_set}" ] || train_set+=${sp}
    bpemodel=none token_dir=${list}/${token_type}
    if [ "${token_type}" = bpe ]; then
        token_dir=${list}/bpe_${bpemode}${nbpe}
        bpemodel=${token_dir}/bpe.model
    fi
    token_list=${token_dir}/tokens.txt
    : "${bpe_train_text:=${data_feats}/${train_set}/text}" "${lm_train_text:=${data_feats}/${train_set}/text}"
    : "${lm_dev_text:=${data_feats}/${valid_set}/text}" "${lm_test_text:=${data_feats}/${test_sets%% *}/text}"
    [ -n "${test_sets}" ] || lm_test_text=${data_feats}/org/${valid_set}/text

    : "${asr_tag:=$(tag_of "${asr_config}" train "${feats_type}" "${unit}")$(mangle "${asr_args}")${sp}}"
    : "${lm_tag:=$(tag_of "${lm_config}" train "${unit}")$(mangle "${lm_args}")}"
    : "${asr_stats_dir:=${expdir}/asr_stats_${feats_type}_${unit}${sp}}" "${asr_exp:=${expdir}/asr_${asr_tag}}"
    : "${lm_stats_dir:=${expdir}/lm_stats_${unit}}" "${lm_exp:=${expdir}/lm_${lm_tag}}"
    : "${ngram_exp:=${expdir}/ngram}" "${inference_ngram:=${ngram_num}gram.bin}"
    if [ -z "${inference_tag}" ]; then
        inference_tag=$(tag_of "${inference_config}" inference)$(mangle "${inference_args}" keep-slash)
        [ "${use_lm}" = false ] || inference_tag+=_lm_${lm_exp##*/}_$(file_tag "${inference_lm}")
        [ "${use_ngram}" = false ] || inference_tag+=_ngram_${ngram_exp##*/}_$(file_tag "${inference_ngram}")
        inference_tag+=_asr_model_$(file_tag "${inference_asr_model}")
    fi
    check_name asr_tag "${asr_exp}"
    check_name lm_tag "${lm_exp}"
    check_name inference_tag "${inference_tag}"
}

stage_speed_perturb() {
    # shellcheck disable=SC2086  # factors are words
    perturb_speed "data/${source_set}" "data/${train_set}" ${speed_perturb_factors}
}

stage_length_filter() {
    local -a opts=()
    filter_training_sets
    if [ -n "${post_process_local_data_opts}" ]; then
        add_words "${post_process_local_data_opts}"
        local/data.sh "${opts[@]}" --asr_data_dir "${data_feats}/${train_set}"
    fi
    # shellcheck disable=SC2086  # file names are words
    join_texts "${data_feats}/lm_train.txt" ${lm_train_text}
}

stage_tokens() {
    if [ "${token_type}" = bpe ]; then
        # shellcheck disable=SC2086  # file names are words
        make_bpe_list "${token_dir}" ${bpe_train_text}
    else
        make_unit_list "${token_type}" "${token_dir}" "${data_feats}/lm_train.txt"
    fi
}

stage_lm_stats() {
    local -a opts=()
    add_config "${lm_config}"
    add_text_options
    add_data train "${data_feats}" lm_train.txt,text,text
    add_data valid "${lm_dev_text%/*}" "${lm_dev_text##*/},text,text"
    add_words "${lm_args}"
    collect_stats lm "${lm_stats_dir}" "${data_feats}/lm_train.txt" "${lm_dev_text}" dev "${opts[@]}"
    append_vocab_size "${lm_stats_dir}" "${token_type}" "${token_list}"
}

stage_lm_train() {
    local -a opts=()
    local dir=${data_feats} shapes=${lm_stats_dir}/train
    split_inputs "${num_splits_lm}" "${lm_stats_dir}" "${dir}/lm_train.txt" "${shapes}/text_shape.${token_type}"
    add_config "${lm_config}"
    add_text_options
    add_data train "${dir}" lm_train.txt,text,text
    add_data valid "${lm_dev_text%/*}" "${lm_dev_text##*/},text,text"
    opts+=(--train_shape_file "${shapes}/text_shape.${token_type}" --fold_length "${lm_fold_length}")
    add_shapes valid "${lm_stats_dir}" "text_shape.${token_type}"
    add_words "${lm_args}"
    train_task lm "${lm_exp}" "${opts[@]}"
}

stage_lm_perplexity() {
    local dir=${lm_exp}/perplexity_test
    mkdir -p "${dir}"
    join_texts "${dir}/text" "${lm_test_text}"
    OMP_NUM_THREADS=$(threads_for 1) run_jobs "${cuda_cmd}" --gpu "${ngpu}" "${dir}/lm_calc_perplexity.log" \
        "${python}" -m espnet2.bin.lm_calc_perplexity --ngpu "${ngpu}" --train_config "${lm_exp}/config.yaml" \
        --model_file "${lm_exp}/${inference_lm}" --output_dir "${dir}" \
        --data_path_and_name_and_type "${dir}/text,text,text"
    log "Perplexity of ${lm_test_text}: $(< "${dir}/ppl")"
}

stage_ngram() {
    train_ngram "${ngram_exp}" "${ngram_num}" "${data_feats}/lm_train.txt"
}

# The options that statistics and training share. add_asr_options [TRAIN_DIR]: where the training data lie.
add_asr_options() {
    local tag train_dir=${1:-${data_feats}/${train_set}} valid_dir=${data_feats}/${valid_set}
    add_config "${asr_config}"
    add_text_options
    add_input "${data_feats}/${train_set}"
    add_data train "${train_dir}" "$(speech_data "${data_feats}/${train_set}")" text,text,text
    add_data valid "${valid_dir}" "$(speech_data "${valid_dir}")" text,text,text
    for tag in ${auxiliary_data_tags}; do
        add_data train "${train_dir}" "${tag},${tag},text"
        add_data valid "${valid_dir}" "${tag},${tag},text"
        opts+=(--allow_variable_data_keys true)
    done
}

stage_asr_stats() {
    local -a opts=()
    local sum_stats=true train=${data_feats}/${train_set} valid=${data_feats}/${valid_set}
    [ "${feats_normalize}" = global_mvn ] || sum_stats=false
    add_asr_options
    add_words "${asr_args}"
    collect_stats asr "${asr_stats_dir}" "${train}/$(speech_table "${train}")" "${valid}/$(speech_table "${valid}")" valid \
        "${opts[@]}"
    append_vocab_size "${asr_stats_dir}" "${token_type}" "${token_list}"
}

stage_asr_train() {
    local -a opts=()
    local dir=${data_feats}/${train_set} shapes=${asr_stats_dir}/train file fold=${asr_speech_fold_length}
    local -a files=("${dir}/$(speech_table "${dir}")" "${dir}/text" "${shapes}/speech_shape" "${shapes}/text_shape.${token_type}")
    for file in ${auxiliary_data_tags}; do
        files+=("${dir}/${file}")
    done
    split_inputs "${num_splits_asr}" "${asr_stats_dir}" "${files[@]}"
    add_asr_options "${dir}"
    opts+=(--train_shape_file "${shapes}/speech_shape" --train_shape_file "${shapes}/text_shape.${token_type}")
    add_shapes valid "${asr_stats_dir}" speech_shape "text_shape.${token_type}"
    [[ ${feats_type} != raw* ]] || fold=$((fold * 100))      # samples
    opts+=(--fold_length "${fold}" --fold_length "${asr_text_fold_length}")
    opts+=(--ignore_init_mismatch "${ignore_init_mismatch}")
    [ -z "${pretrained_model}" ] || opts+=(--init_param "${pretrained_model}")
    [ "${feats_normalize}" != global_mvn ] \
        || opts+=(--normalize=global_mvn --normalize_conf "stats_file=${asr_stats_dir}/train/feats_stats.npz")
    add_words "${asr_args}"
    train_task asr "${asr_exp}" "${opts[@]}"
}

# A transducer has no accuracy, nor has Mask-CTC.
choose_asr_model() { choose_kept_model inference_asr_model "${asr_exp}"; }

stage_decode() {
    choose_asr_model
    local set asr_model=${asr_exp}/${inference_asr_model}
    local lm=${lm_exp}/${inference_lm} ngram=${ngram_exp}/${inference_ngram} inference_kind=""
    local -a opts
    [ "${use_maskctc}" = false ] || inference_kind=_maskctc
    [ "${use_streaming}" = false ] || inference_kind=_streaming
    need_file "${asr_model}" "stage 11 (asr_train) makes it; or choose another --inference_asr_model"
    [ "${use_lm}" = false ] || need_file "${lm}" "stage 7 (lm_train) makes it; or use --use_lm false"
    [ "${use_ngram}" = false ] || need_file "${ngram}" "stage 9 (ngram) makes it; or use --use_ngram false"
    write_resume "${asr_exp}/${inference_tag}"
    for set in ${test_dirs}; do
        opts=(--batch_size "${batch_size}" --asr_train_config "${asr_exp}/config.yaml" --asr_model_file "${asr_model}")
        add_config "${inference_config}"
        add_data "" "${data_feats}/${set}" "$(speech_data "${data_feats}/${set}")"
        [ "${use_lm}" = false ] || opts+=(--lm_train_config "${lm_exp}/config.yaml" --lm_file "${lm}")
        [ "${use_ngram}" = false ] || opts+=(--ngram_file "${ngram}")
        add_words "${inference_args}"
        decode_set asr "${data_feats}/${set}" "${asr_exp}/${inference_tag}/${set}" "${opts[@]}"
    done
}

stage_score() {
    choose_asr_model
    local set dir
    local -a opts=()
    for set in ${test_dirs}; do
        dir=${asr_exp}/${inference_tag}/${set}
        score_set char "${data_feats}/${set}" "${dir}" cer
        score_set word "${data_feats}/${set}" "${dir}" wer
        [ ! -f "${bpemodel}" ] || score_set bpe "${data_feats}/${set}" "${dir}" ter
    done
    if [ -x local/score.sh ]; then
        add_words "${local_score_opts}"
        local/score.sh "${opts[@]}" "${asr_exp}"
    fi
    write_results asr "${asr_exp}"
    show_outcome "${asr_exp}"
    log "Transcribe a file: . ./path.sh; python3 -m espnet2.bin.asr_transcribe --exp ${asr_exp} FILE.wav"
}

begin_task "$@"
[ -n "${speed_perturb_factors}" ] || skip_stage speed_perturb "no speed_perturb_factors"
[ "${use_lm}" = true ] || skip_stage lm_stats lm_train lm_perplexity use_lm=false
[ "${use_ngram}" = true ] || skip_stage ngram use_ngram=false
run_stages
