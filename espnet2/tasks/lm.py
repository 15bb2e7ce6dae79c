"""Language models: the menu of their parts, and how a model is made from them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from espnet2.config.options import option
from espnet2.config.registry import ClassChoices
from espnet2.tasks.abs_task import AbsTask
from espnet2.train.data_options import TextOptions
from espnet2.utils.types import str_or_none

lm_choices = ClassChoices(
    "lm",
    {
        "seq_rnn": "espnet2.lm.seq_rnn_lm:SequentialRNNLM",
        "transformer": "espnet2.lm.transformer_lm:TransformerLM",
        "transformer_opt": "espnet2.lm.transformer_opt_lm:TransformerOPTLM",
    },
    type_check="espnet2.lm.abs_model:AbsLM",
    default="seq_rnn",
)
model_choices = ClassChoices(
    "model",
    {"lm": "espnet2.lm.espnet_model:ESPnetLanguageModel"},
    type_check="espnet2.train.abs_espnet_model:AbsESPnetModel",
    default="lm",
)
preprocessor_choices = ClassChoices(
    "preprocessor",
    {"default": "espnet2.train.preprocessor:CommonPreprocessor"},
    default="default",
)


@dataclass
class LMOptions:
    """Language model: what the parts do not say themselves."""

    init: str | None = option(
        None,
        "How parameters are initialised (none: as torch does)",
        type=str_or_none,
        choices=["chainer", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "normal", None],
    )


class LMTask(AbsTask):
    """``text -> ESPnetLanguageModel``."""

    option_groups = (LMOptions, TextOptions)
    class_choices_list = (lm_choices, model_choices, preprocessor_choices)

    @classmethod
    def required_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that each utterance must have."""
        return ("text",)

    @classmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that an utterance may have."""
        return ()

    @classmethod
    def build_collate_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """Pad with 0, the blank's id, which a text never holds."""
        from espnet2.train.collate_fn import CommonCollateFn

        return CommonCollateFn(int_pad_value=0)

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable | None:
        """Tokens to ids."""
        return cls.build_common_preprocessor(args, train, preprocessor_choices)

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> Any:
        """Build the language model that the options describe.

        Args:
            args: All options; ``token_list`` is replaced by the list itself, as configurations keep it.
        """
        token_list = cls.read_token_list(args)
        lm = lm_choices.build(args.lm, args.lm_conf, vocab_size=len(token_list))
        model = model_choices.build(args.model, args.model_conf, lm=lm, vocab_size=len(token_list))
        if args.init is not None:
            from espnet2.layers.initialize import initialize

            initialize(model, args.init)
        return model
