#!/usr/bin/env bash
# Token lists, for task scripts. Stands on recipe.sh and train.sh. Reads python, blank, oov, sos_eos.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# join_texts OUT FILE...: the lines of Kaldi text files that have words after the id.
join_texts() {
    local file
    for file in "${@:2}"; do
        [ -e "${file}" ] || die "${file}: no such file"
    done
    awk 'NF > 1' "${@:2}" > "$1"
    [ -s "$1" ] || die "no line with a transcript in: ${*:2}"
    log "$1: $(num_lines "$1") lines of text"
}

# Words (or subwords) of a Kaldi text file, without the ids.
without_ids() { cut -f 2- -d " " "$@"; }

# make_bpe_list DIR TEXT...: a sentencepiece model and tokens.txt, nbpe lines: blank, oov, the pieces, sos/eos.
# Reads nbpe, bpemode, bpe_char_cover, bpe_input_sentence_size, bpe_nlsyms.
make_bpe_list() {
    local dir=$1
    local -a opts=()
    mkdir -p "${dir}"
    without_ids "${@:2}" | awk 'NF' > "${dir}/train.txt"
    [ -z "${bpe_nlsyms}" ] || opts+=(--user_defined_symbols "${bpe_nlsyms}")
    door train_sentencepiece --input "${dir}/train.txt" --vocab_size "${nbpe}" \
        --model_type "${bpemode}" --model_prefix "${dir}/bpe" --character_coverage "${bpe_char_cover}" \
        --input_sentence_size "${bpe_input_sentence_size}" "${opts[@]}"
    {
        echo "${blank}"
        echo "${oov}"
        # sentencepiece's own <unk>, <s>, </s> come first
        awk -F '\t' 'NR > 3 { print $1 }' "${dir}/bpe.vocab"
        echo "${sos_eos}"
    } > "${dir}/tokens.txt"
    log "${dir}/tokens.txt: $(num_lines "${dir}/tokens.txt") tokens"
}

# make_unit_list TYPE DIR TEXT: tokens.txt of the characters, words or phonemes of a text, the frequent ones first.
# Reads nlsyms_txt, cleaner, g2p.
make_unit_list() {
    mkdir -p "$2"
    door tokenize_text --token_type "$1" --input "$3" --output "$2/tokens.txt" --field 2- \
        --non_linguistic_symbols "${nlsyms_txt}" --cleaner "${cleaner}" --g2p "${g2p}" --write_vocabulary true \
        --add_symbol "${blank}:0" --add_symbol "${oov}:1" --add_symbol "${sos_eos}:-1"
    log "$2/tokens.txt: $(num_lines "$2/tokens.txt") tokens"
}

# add_text_options: what the text preprocessor of a training needs. Reads token_type, token_list, bpemodel, ...
add_text_options() {
    opts+=(--token_type "${token_type}" --token_list "${token_list}" --bpemodel "${bpemodel}"
        --non_linguistic_symbols "${nlsyms_txt}" --cleaner "${cleaner}" --g2p "${g2p}")
}

# train_ngram DIR ORDER TEXT: DIR/<ORDER>gram.arpa and .bin, over the same tokens as the recogniser writes.
train_ngram() {
    local stem=$1/$2gram
    local -a opts=()
    type -P lmplz build_binary > /dev/null \
        || die "kenlm's lmplz and build_binary are not on the PATH; install them with tools/installers/install_kenlm.sh"
    mkdir -p "$1"
    [ "${token_type}" != bpe ] || opts+=(--bpemodel "${bpemodel}")
    door tokenize_text --token_type "${token_type}" --input "$3" --output - --field 2- \
        --non_linguistic_symbols "${nlsyms_txt}" --cleaner "${cleaner}" --g2p "${g2p}" "${opts[@]}" \
        | lmplz -S 20% --discount_fallback -o "$2" > "${stem}.arpa"
    build_binary -s "${stem}.arpa" "${stem}.bin"
    log "${stem}.bin is made"
}
