"""When two names mean one model, and who made it (pure)."""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s_\-./]+")
_EDGE = re.compile(r"^-+|-+$")

# Who stands behind a vendor's prefix or a provider's own id. A provider that only serves is not here.
DEVELOPERS = {
    "ai21": "AI21 Labs", "alibaba": "Alibaba", "qwen": "Alibaba", "allenai": "Ai2", "anthropic": "Anthropic",
    "arcee-ai": "Arcee AI", "baidu": "Baidu", "bytedance": "ByteDance", "cohere": "Cohere", "cohereforai": "Cohere",
    "deepseek": "DeepSeek", "deepseek-ai": "DeepSeek", "google": "Google", "ibm": "IBM", "ibm-granite": "IBM",
    "inception": "Inception", "inclusionai": "Ant Group", "liquid": "Liquid AI", "llama": "Meta", "meta": "Meta",
    "meta-llama": "Meta", "microsoft": "Microsoft", "minimax": "MiniMax", "minimaxai": "MiniMax",
    "mistral": "Mistral AI", "mistralai": "Mistral AI", "moonshotai": "Moonshot AI", "moonshot": "Moonshot AI",
    "nousresearch": "Nous Research", "nvidia": "NVIDIA", "openai": "OpenAI", "perplexity": "Perplexity",
    "stepfun": "StepFun", "stepfun-ai": "StepFun", "tencent": "Tencent", "upstage": "Upstage", "xai": "xAI",
    "x-ai": "xAI", "xiaomi": "Xiaomi", "z-ai": "Z.ai", "zai": "Z.ai", "zai-org": "Z.ai", "zhipuai": "Z.ai",
    "thudm": "Z.ai", "amazon": "Amazon", "tiiuae": "TII", "huggingfaceh4": "Hugging Face",
}  # fmt: skip
# These serve others' models under bare ids too, so their own id says nothing about who made one.
_ALSO_SERVE = {"nvidia", "alibaba", "llama", "google", "tencent", "xiaomi", "perplexity", "cohere"} - {
    "llama",
    "cohere",
}


def normalise_model(name: str) -> str:
    """One form for "openai/GPT-4o:free", "gpt_4o" and "GPT 4o": without vendor, variant, case or separators."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    # "OpenAI: GPT-4o" names the vendor, "gpt-4o:free" a variant of the same model.
    plain = plain.rpartition(": ")[2].rsplit("/", 1)[-1].split(":", 1)[0].removesuffix("(latest)")
    return _EDGE.sub("", _SEPARATORS.sub("-", plain))[:300]


def developer_of(provider: str, listing: str) -> str:
    """Who made a listed model, from the vendor in its id, else from a provider that serves only its own; or ""."""
    vendor, slash, _rest = listing.casefold().rpartition("/")
    if slash:
        return DEVELOPERS.get(vendor.rsplit("/", 1)[-1], "")
    return "" if provider in _ALSO_SERVE else DEVELOPERS.get(provider, "")


def is_developers_own(provider: str, developer: str) -> bool:
    """Whether a provider is the developer itself, whose word outranks that of others."""
    return bool(developer) and DEVELOPERS.get(provider) == developer
