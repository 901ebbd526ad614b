"""Text → Doc: tokenizers whose Docs always have the text they were made from."""

from .jieba_tokenizer import JiebaTokenizer, create_jieba_tokenizer

__all__ = ["JiebaTokenizer", "create_jieba_tokenizer"]
