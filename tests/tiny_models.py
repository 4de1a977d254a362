"""Sentence-transformers models of a few kilobytes, made on the spot: random weights, but all that decides a vector."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = "depth image images network light the of a in from and model query passage search ##ing ##ed ##s ##ation"
_WIDTH = 32


@dataclass(frozen=True)
class TinyModel:
    """Say how a model differs from the plainest one: mean of 64 tokens, lower case, unit length, no prompts."""

    pooling: str | Sequence[str] = "mean"
    is_normalized: bool = True
    dense: int | None = None
    max_length: int = 64
    is_lower_case: bool = True
    padding_side: str = "right"
    truncation_side: str = "right"
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    include_prompt: bool = True
    has_positions: bool = True
    spread: float = 0.2  # of the weights: the wider, the more texts differ, and the more half precision errs
    seed: int = 0

    def save(self, folder: Path) -> Path:
        """Write the model into `folder`."""
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

        from explorer.embedder.runtimes.torch import quiet

        with torch.random.fork_rng(devices=[]), quiet():
            torch.manual_seed(self.seed)
            self._save_bert(folder / "bert")
            words = Transformer(str(folder / "bert"), max_seq_length=self.max_length)
            modes = self.pooling if isinstance(self.pooling, str) else tuple(self.pooling)
            pooling = Pooling(_WIDTH, pooling_mode=modes, include_prompt=self.include_prompt)
            modules: list[Any] = [words, pooling]
            if self.dense is not None:
                modules.append(Dense(pooling.get_embedding_dimension(), self.dense))
            if self.is_normalized:
                modules.append(Normalize())
            model = SentenceTransformer(
                modules=modules, device="cpu", prompts=dict(self.prompts), default_prompt_name=self.default_prompt
            )  # fmt: skip
            model.save(str(folder / "model"), create_model_card=False, safe_serialization=True)
        return folder / "model"

    def _save_bert(self, folder: Path) -> None:
        from transformers import BertConfig, BertModel

        tokenizer = make_tokenizer(self)
        settings = BertConfig(
            vocab_size=len(tokenizer), hidden_size=_WIDTH, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=2 * _WIDTH, max_position_embeddings=128, initializer_range=self.spread,
        )  # fmt: skip
        model = BertModel(settings).eval()
        if not self.has_positions:
            model.embeddings.position_embeddings.weight.data.zero_()
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def make_tokenizer(kind: TinyModel) -> Any:
    """Return a tokenizer that knows some words and, of all others, the letters."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordPiece
    from transformers import PreTrainedTokenizerFast

    signs = string.ascii_letters + string.digits + string.punctuation
    vocabulary = dict.fromkeys([*_SPECIAL, *signs, *(f"##{sign}" for sign in signs), *_WORDS.split()])
    numbers = {word: number for number, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=kind.is_lower_case)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=128, padding_side=kind.padding_side,
        truncation_side=kind.truncation_side, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip


def save_word_table(folder: Path) -> Path:
    """Write a model of another kind: each word has a vector of its own, a text is their mean."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = make_tokenizer(TinyModel()).backend_tokenizer
    weights = torch.randn((tokenizer.get_vocab_size(), _WIDTH), generator=torch.Generator().manual_seed(0))
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


def change_json(file: Path, **changes: object) -> None:
    """Overwrite fields of a JSON object on disk."""
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
