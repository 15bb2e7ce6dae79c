"""Speech recognition: the menu of its parts, and how a model is made from them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from espnet2.config.nested import NestedDictAction
from espnet2.config.options import from_args, option
from espnet2.config.registry import ClassChoices, construct
from espnet2.tasks.abs_task import AbsTask
from espnet2.train.data_options import AugmentOptions, TextOptions
from espnet2.utils.errors import InputError
from espnet2.utils.types import int_or_none, str_or_none

ABSENT = "this toolkit does not have it"

frontend_choices = ClassChoices(
    "frontend",
    {
        "default": "espnet2.asr.frontend.default:DefaultFrontend",
        "sliding_window": "espnet2.asr.frontend.sliding_window:SlidingWindow",
        "fused": "espnet2.asr.frontend.fused:FusedFrontends",
        "whisper": "espnet2.asr.frontend.whisper:WhisperFrontend",
    },
    type_check="espnet2.asr.abs_frontend:AbsFrontend",
    default="default",
    optional=True,
    refused={"s3prl": ABSENT, "espnet_ssl": ABSENT, "huggingface": ABSENT, "wav2vec_cnn": ABSENT},
)
specaug_choices = ClassChoices(
    "specaug",
    {"specaug": "espnet2.asr.specaug.specaug:SpecAug"},
    type_check="espnet2.asr.abs_specaug:AbsSpecAug",
)
normalize_choices = ClassChoices(
    "normalize",
    {
        "global_mvn": "espnet2.layers.global_mvn:GlobalMVN",
        "utterance_mvn": "espnet2.layers.utterance_mvn:UtteranceMVN",
    },
    type_check="espnet2.layers.abs_normalize:AbsNormalize",
    default="utterance_mvn",
    optional=True,
)
model_choices = ClassChoices(
    "model",
    {
        "espnet": "espnet2.asr.espnet_model:ESPnetASRModel",
        "maskctc": "espnet2.asr.maskctc_model:MaskCTCModel",
    },
    type_check="espnet2.train.abs_espnet_model:AbsESPnetModel",
    default="espnet",
    refused={"pit_espnet": ABSENT},
)
preencoder_choices = ClassChoices(
    "preencoder",
    {
        "linear": "espnet2.asr.preencoder.linear:LinearProjection",
        "sinc": "espnet2.asr.preencoder.sinc:LightweightSincConvs",
    },
    type_check="espnet2.asr.abs_preencoder:AbsPreEncoder",
)
encoder_choices = ClassChoices(
    "encoder",
    {
        "conformer": "espnet2.asr.encoder.conformer_encoder:ConformerEncoder",
        "transformer": "espnet2.asr.encoder.transformer_encoder:TransformerEncoder",
        "branchformer": "espnet2.asr.encoder.branchformer_encoder:BranchformerEncoder",
        "e_branchformer": "espnet2.asr.encoder.e_branchformer_encoder:EBranchformerEncoder",
        "multiconv_conformer": "espnet2.asr.encoder.multiconv_conformer_encoder:MultiConvConformerEncoder",
        "contextual_block_transformer":
            "espnet2.asr.encoder.contextual_block_encoder:ContextualBlockTransformerEncoder",
        "contextual_block_conformer":
            "espnet2.asr.encoder.contextual_block_encoder:ContextualBlockConformerEncoder",
        "rnn": "espnet2.asr.encoder.rnn_encoder:RNNEncoder",
        "vgg_rnn": "espnet2.asr.encoder.vgg_rnn_encoder:VGGRNNEncoder",
        "linear": "espnet2.asr.encoder.linear_encoder:LinearEncoder",
        "wav2vec2": "espnet2.asr.encoder.wav2vec2_encoder:Wav2Vec2Encoder",
        "hubert": "espnet2.asr.encoder.hubert_encoder:HubertEncoder",
        "whisper": "espnet2.asr.encoder.whisper_encoder:WhisperEncoder",
    },
    type_check="espnet2.asr.abs_encoder:AbsEncoder",
    default="rnn",
    refused={
        "transformer_multispkr": ABSENT,
        "hubert_pretrain": ABSENT,
        "torchaudiohubert": ABSENT,
        "avhubert": ABSENT,
        "beats": ABSENT,
        "longformer": "the weights' names and scaling in the package it wraps are not documented well enough to load them",
    },
)
postencoder_choices = ClassChoices(
    "postencoder",
    {
        "hugging_face_transformers":
            "espnet2.asr.postencoder.hugging_face_transformers:HuggingFaceTransformersPostEncoder",
        "length_adaptor": "espnet2.asr.postencoder.length_adaptor:LengthAdaptorPostEncoder",
    },
    type_check="espnet2.asr.abs_postencoder:AbsPostEncoder",
)
decoder_choices = ClassChoices(
    "decoder",
    {
        "transformer": "espnet2.asr.decoder.transformer_decoder:TransformerDecoder",
        "lightweight_conv": "espnet2.asr.decoder.conv_decoders:LightweightConvDecoder",
        "lightweight_conv2d": "espnet2.asr.decoder.conv_decoders:LightweightConv2dDecoder",
        "dynamic_conv": "espnet2.asr.decoder.conv_decoders:DynamicConvDecoder",
        "dynamic_conv2d": "espnet2.asr.decoder.conv_decoders:DynamicConv2dDecoder",
        "rnn": "espnet2.asr.decoder.rnn_decoder:RNNDecoder",
        "transducer": "espnet2.asr.decoder.transducer_decoder:TransducerDecoder",
        "mlm": "espnet2.asr.decoder.mlm_decoder:MLMDecoder",
        "whisper": "espnet2.asr.decoder.whisper_decoder:WhisperDecoder",
        "hugging_face_transformers":
            "espnet2.asr.decoder.hugging_face_transformers_decoder:HuggingFaceTransformersDecoder",
        "linear_decoder": "espnet2.asr.decoder.linear_decoder:LinearDecoder",
    },
    type_check="espnet2.asr.abs_decoder:AbsDecoder",
    refused={"s4": "its state-space kernels are not documented well enough to load trained weights"},
)
preprocessor_choices = ClassChoices(
    "preprocessor",
    {"default": "espnet2.train.preprocessor:CommonPreprocessor"},
    default="default",
)


@dataclass
class ASROptions:
    """Recogniser: what the parts do not say themselves."""

    init: str | None = option(
        None,
        "How parameters are initialised (none: as torch does)",
        type=str_or_none,
        choices=["chainer", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "normal", None],
    )
    input_size: int | None = option(None, "Feature dimensions when features, not audio, are the input", int_or_none)
    ctc_conf: dict = option({}, "Keyword arguments of the CTC module, as key=value", action=NestedDictAction)
    joint_net_conf: dict | None = option(
        None, "Keyword arguments of the transducer's joint network, as key=value", action=NestedDictAction
    )
    aux_ctc_tasks: list = option(
        [], "Names of data that are texts too, the targets of intermediate layers in model_conf aux_ctc", nargs="*", type=str
    )
    use_lang_prompt: bool = option(False, "Prompts of languages: not supported")
    use_nlp_prompt: bool = option(False, "Prompts in words: not supported")

    def __post_init__(self):
        for name in ("use_lang_prompt", "use_nlp_prompt"):
            if getattr(self, name):
                raise InputError(f"{name} is not supported.")


class ASRTask(AbsTask):
    """``speech, text -> ESPnetASRModel``."""

    option_groups = (ASROptions, TextOptions, AugmentOptions)
    class_choices_list = (
        frontend_choices,
        specaug_choices,
        normalize_choices,
        model_choices,
        preencoder_choices,
        encoder_choices,
        postencoder_choices,
        decoder_choices,
        preprocessor_choices,
    )

    @classmethod
    def required_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that each utterance must have."""
        return ("speech",) if inference else ("speech", "text")

    @classmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that an utterance may have."""
        return ()

    @classmethod
    def build_collate_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """Pad audio with 0.0 and text with -1."""
        from espnet2.train.collate_fn import CommonCollateFn

        return CommonCollateFn(float_pad_value=0.0, int_pad_value=-1)

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable | None:
        """Tokens to ids; augmentation of the audio in training."""
        return cls.build_common_preprocessor(args, train, preprocessor_choices)

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> Any:
        """Build the recogniser that the options describe.

        Args:
            args: All options; ``token_list`` is replaced by the list itself, as configurations keep it.
        Raises:
            InputError: If an option is unknown or options do not fit one another.
        """
        from espnet2.asr.ctc import CTC

        from_args(ASROptions, args)  # refuses what is not supported
        token_list = cls.read_token_list(args)
        vocab_size = len(token_list)
        frontend, input_size = cls._build_frontend(args)

        specaug = _build(specaug_choices, args)
        normalize = _build(normalize_choices, args)
        preencoder = _build(preencoder_choices, args)
        if preencoder is not None:
            input_size = preencoder.output_size()
        encoder = encoder_choices.build(args.encoder, args.encoder_conf, input_size=input_size)
        if hasattr(encoder, "legacy_padding"):  # configurations without it mean the old releases' padding
            args.encoder_conf = {**args.encoder_conf, "legacy_padding": encoder.legacy_padding}
        encoder_output_size = encoder.output_size()
        postencoder = _build(postencoder_choices, args, input_size=encoder_output_size)
        if postencoder is not None:
            encoder_output_size = postencoder.output_size()
        decoder, joint_network = cls._build_decoder(args, vocab_size, encoder_output_size)
        ctc = construct(CTC, args.ctc_conf, "ctc_conf", odim=vocab_size, encoder_output_size=encoder_output_size)

        model = model_choices.build(
            args.model,
            args.model_conf,
            vocab_size=vocab_size,
            token_list=token_list,
            frontend=frontend,
            specaug=specaug,
            normalize=normalize,
            preencoder=preencoder,
            encoder=encoder,
            postencoder=postencoder,
            decoder=decoder,
            ctc=ctc,
            joint_network=joint_network,
        )
        if args.init is not None:
            from espnet2.layers.initialize import initialize

            initialize(model, args.init)
        return model

    @classmethod
    def _build_decoder(cls, args: argparse.Namespace, vocab_size: int, encoder_output_size: int) -> tuple[Any, Any]:
        """The decoder, and the joint network if it is a transducer's."""
        if args.decoder == "mlm" and args.model == "espnet":
            raise InputError("decoder: mlm sees the labels that it is to predict; it needs model: maskctc.")
        if args.decoder != "transducer":
            fixed = {"vocab_size": vocab_size, "encoder_output_size": encoder_output_size}
            return _build(decoder_choices, args, **fixed), None
        from espnet2.asr.joint_network import JointNetwork

        decoder = _build(decoder_choices, args, vocab_size=vocab_size, embed_pad=0)
        joint_network = construct(
            JointNetwork,
            args.joint_net_conf or {},
            "joint_net_conf",
            joint_vocab_size=vocab_size,
            encoder_size=encoder_output_size,
            decoder_size=decoder.dunits,
        )
        return decoder, joint_network

    @classmethod
    def _build_frontend(cls, args: argparse.Namespace) -> tuple[Any, int]:
        """The front end and its dimensions; none where features are the input."""
        if args.input_size is not None:
            args.frontend, args.frontend_conf = None, {}
            return None, args.input_size
        if args.frontend is None:
            raise InputError("frontend: none needs --input_size, the dimensions of the features.")
        frontend = frontend_choices.build(args.frontend, args.frontend_conf)
        return frontend, frontend.output_size()


def _build(choices: ClassChoices, args: argparse.Namespace, **fixed: Any) -> Any:
    """The chosen optional part, or None."""
    name = getattr(args, choices.name)
    return None if name is None else choices.build(name, getattr(args, f"{choices.name}_conf"), **fixed)
