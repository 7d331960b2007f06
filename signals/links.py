"""Addresses: their canonical form, their publisher, and whether they may be shown as links."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from tld import get_tld

_TRACKING = re.compile(
    r"""utm_\w+ | utm | (?:fb|g|d|ms|tw|y|tt|li|s)clid | gclsrc | [gw]braid | igshid? | mc_[ce]id
    | mkt_tok | _hs(?:enc|mi) | hs(?:_email|ctatracking) | hsa_\w+ | _g[al] | _openstat
    | oly_(?:enc|anon)_id | vero_(?:id|conv) | wickedid | wt_?(?:mc|zmc)\w* | pk_\w+ | mtm_\w+
    | piwik_\w+ | matomo_\w+ | at_(?:medium|campaign|custom\d)\w* | ref_(?:src|url) | guccounter
    | guce_referrer(?:_sig)? | ncid | cmpid | s_c?id | spm | icid | ns_\w+ | trk(?:info)?
    | __twitter_impression | smid | smtyp | sr_share | share_id | feature | rss | xtor | cx_\w+""",
    re.IGNORECASE | re.VERBOSE,
)
_AMP_PARAMETER = re.compile(r"amp|amp=(?:1|true|)|outputtype=amp", re.IGNORECASE)
_AMP_PATH = re.compile(r"(?:/amp/?|\.amp)$", re.IGNORECASE)
_AMP_HTML = re.compile(r"\.amp\.(html?)$", re.IGNORECASE)
_AMP_CACHE = re.compile(r"^/[a-z]/(?:s/)?(?=[^/]+\.)", re.IGNORECASE)
_GOOGLE_AMP = re.compile(r"^/amp/(?:s/)?(?=[^/]+\.)", re.IGNORECASE)
_FEED_SOURCE = re.compile(r"(?:source|src|partner|emc)=(?:rss|feed|atom)", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SPACES = re.compile(r"[\x00-\x20\x7f]+")
_KEY_LENGTH = 500
# On these hosts `ref` names a branch, not the page a reader came from.
_REF_MATTERS = ("github.com", "gitlab.com", "githubusercontent.com")


def canonical_url(url: str) -> str:
    """The form in which two addresses of one page are equal; not meant to be fetched. "" stays ""."""
    return _canonical(url, keep_fragment=False)


def canonical_with_fragment(url: str) -> str:
    """As `canonical_url`, with the fragment: some feeds tell their entries apart by nothing else."""
    return _canonical(url, keep_fragment=True)


def url_key(url: str) -> str:
    """`canonical_url`, cut to a length that an index takes; the cut part counts through its hash."""
    canonical = canonical_url(url)
    if len(canonical) <= _KEY_LENGTH:
        return canonical
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{canonical[: _KEY_LENGTH - 65]}~{digest}"


def absolute_url(base: str, url: str) -> str:
    """`url` as seen from `base`; "" when it is malformed."""
    cleaned = _SPACES.sub(" ", url).strip().replace(" ", "%20")
    if not cleaned:
        return ""
    try:
        return urljoin(base, cleaned)
    except ValueError:
        return ""


def safe_link(url: str) -> str:
    """`url` when it may be shown as a link (http, https or mailto), else ""."""
    cleaned = _SPACES.sub("", url)
    parts = _split(cleaned)
    if parts is None:
        return ""
    if parts.scheme in ("http", "https"):
        return cleaned if parts.hostname else ""
    return cleaned if parts.scheme == "mailto" and parts.path else ""


def publisher_of(url: str) -> str:
    """Who publishes at this address: the registrable domain, or the account on a host shared by many."""
    parts = _split(_SPACES.sub("", url))
    if parts is None or not parts.hostname:
        return ""
    host = _ascii_host(parts.hostname)
    segments = [unquote(part).lower() for part in parts.path.split("/") if part]
    for shared, account_of in _SHARED.items():
        if host == shared or host.endswith("." + shared):
            account = account_of(host.removesuffix(shared).rstrip("."), segments)
            if account:
                return account
            break
    domain = get_tld(f"https://{host}", fail_silently=True, as_object=True)
    return (domain.fld if domain is not None and not isinstance(domain, str) else "") or host


@functools.lru_cache(maxsize=4096)
def _canonical(url: str, *, keep_fragment: bool) -> str:
    cleaned = url.strip()
    # Unwrapping an AMP cache shows an address that may itself be wrapped.
    for _ in range(3):
        parts = _split(cleaned)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            return _SPACES.sub("", cleaned)
        unwrapped = _unwrap_amp_cache(parts)
        if unwrapped is None:
            break
        cleaned = unwrapped
    parts = _split(cleaned)
    if parts is None or not parts.hostname:
        return _SPACES.sub("", cleaned)
    host = _bare_host(_ascii_host(parts.hostname))
    try:
        port = parts.port
    except ValueError:
        port = None
    netloc = f"[{host}]" if ":" in host else host
    if port not in (None, 80, 443):
        netloc = f"{netloc}:{port}"
    path = _bare_path(_normal_escapes(parts.path))
    query = "&".join(
        _normal_escapes(field) for field in parts.query.split("&") if field and not _is_tracking(field, host)
    )
    fragment = _normal_escapes(parts.fragment) if keep_fragment else ""
    return urlunsplit(("https", netloc, path, query, fragment))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts


def _ascii_host(host: str) -> str:
    host = host.lower().rstrip(".")
    try:
        return host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    except UnicodeError:
        return host


def _bare_host(host: str) -> str:
    while True:
        for prefix in ("www.", "amp."):
            rest = host.removeprefix(prefix)
            # www.com and amp.dev are names of their own.
            if (
                rest != host
                and "." in rest
                and get_tld(f"https://{rest}", fail_silently=True) not in (None, rest)
            ):
                host = rest
                break
        else:
            return host


def _bare_path(path: str) -> str:
    while True:
        bare = _AMP_PATH.sub("", _AMP_HTML.sub(r".\1", path)).rstrip("/")
        if bare == path:
            return bare
        path = bare


def _is_tracking(field: str, host: str) -> bool:
    name = unquote(field.partition("=")[0])
    if name.lower() == "ref":
        return not any(host == shared or host.endswith("." + shared) for shared in _REF_MATTERS)
    return bool(
        _TRACKING.fullmatch(name) or _AMP_PARAMETER.fullmatch(field) or _FEED_SOURCE.match(unquote(field))
    )


def _unwrap_amp_cache(parts: SplitResult) -> str | None:
    host = (parts.hostname or "").lower()
    if host.endswith(".cdn.ampproject.org"):
        target, count = _AMP_CACHE.subn("", parts.path)
    elif re.fullmatch(r"(?:www\.)?google\.[a-z.]{2,6}", host):
        target, count = _GOOGLE_AMP.subn("", parts.path)
    else:
        return None
    return urlunsplit(("https", "", "//" + target, parts.query, parts.fragment)) if count else None


def _normal_escapes(text: str) -> str:
    def normal(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    escaped = quote(text, safe="%/:?#[]@!$&'()*+,;=~|^{}\"<>\\`", errors="replace")
    return _ESCAPE.sub(normal, escaped)


AccountOf = Callable[[str, list[str]], str]


def _first_segment(site: str, *, prefix: str = "", reserved: str = "") -> AccountOf:
    kept = frozenset(reserved.split())

    def account_of(_subdomain: str, segments: list[str]) -> str:
        if segments and segments[0].startswith(prefix) and segments[0] not in kept:
            return f"{site}/{segments[0]}"
        return ""

    return account_of


def _after(site: str, *markers: str) -> AccountOf:
    def account_of(_subdomain: str, segments: list[str]) -> str:
        if len(segments) > 1 and segments[0] in markers:
            return f"{site}/{segments[0]}/{segments[1]}"
        return ""

    return account_of


def _subdomain(site: str, *own: str) -> AccountOf:
    def account_of(subdomain: str, _segments: list[str]) -> str:
        return f"{subdomain}.{site}" if subdomain and subdomain not in ("www", *own) else ""

    return account_of


def _either(*rules: AccountOf) -> AccountOf:
    def account_of(subdomain: str, segments: list[str]) -> str:
        return next((found for rule in rules if (found := rule(subdomain, segments))), "")

    return account_of


# Hosts on which many publish. Those that the public suffix list knows (github.io, blogspot.com,
# pages.dev ...) need no line here.
_SHARED: dict[str, AccountOf] = {
    "substack.com": _either(
        _subdomain("substack.com", "open", "cdn"), _first_segment("substack.com", prefix="@")
    ),
    "medium.com": _either(
        _subdomain("medium.com", "cdn-images-1", "miro", "help"),
        _first_segment("medium.com", reserved="p m feed tag topic search"),
        _after("medium.com", "feed"),
    ),
    "youtube.com": _either(
        _first_segment("youtube.com", prefix="@"), _after("youtube.com", "channel", "c", "user")
    ),
    "github.com": _first_segment(
        "github.com", reserved="about features topics trending orgs sponsors marketplace blog security"
    ),
    "githubusercontent.com": _first_segment("github.com"),
    "gitlab.com": _first_segment("gitlab.com", reserved="explore help users"),
    "huggingface.co": _either(
        _after("huggingface.co", "spaces", "datasets", "collections"),
        _first_segment(
            "huggingface.co",
            reserved="api blog docs papers models datasets spaces collections learn posts tasks pricing",
        ),
    ),
    "x.com": _first_segment("x.com", reserved="i search hashtag home intent"),
    "twitter.com": _first_segment("x.com", reserved="i search hashtag home intent"),
    "bsky.app": _after("bsky.app", "profile"),
    "linkedin.com": _after("linkedin.com", "company", "in", "school"),
    "reddit.com": _after("reddit.com", "r", "u", "user"),
    "dev.to": _first_segment("dev.to", reserved="t tags search"),
    "wordpress.com": _subdomain("wordpress.com", "en", "fr"),
    "ghost.io": _subdomain("ghost.io"),
    "beehiiv.com": _subdomain("beehiiv.com", "app"),
    "tumblr.com": _subdomain("tumblr.com"),
    "hashnode.dev": _subdomain("hashnode.dev"),
    "bearblog.dev": _subdomain("bearblog.dev"),
    "typepad.com": _subdomain("typepad.com"),
    "livejournal.com": _subdomain("livejournal.com"),
    "buttondown.com": _first_segment("buttondown.com"),
    "buttondown.email": _first_segment("buttondown.com"),
    "notion.site": _subdomain("notion.site"),
    "sites.google.com": _after("sites.google.com", "view", "site"),
    "vimeo.com": _first_segment("vimeo.com"),
}
