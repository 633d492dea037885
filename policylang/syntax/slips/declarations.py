"""Phrases before the block of a declaration, and in declarations that are blocks of one kind: by their first word."""

from __future__ import annotations

from policylang.syntax.slips.match import Slip

_ONE_SET = "leave it out: all `.policy` files under a folder are one policy set"
_SOME = "a deny that stands alone is for everyone; to deny only some, put it into their role or group"
_INSIDE = "rights are granted inside a role or group: `role clerk { grant … }`"
_LABEL = r"( \"[^\"\n]*\")?"

# `<kind>` is the first word.
_NAMED = (
    Slip(r"(?P<kind>group|role|resource|policy|task|integration) <w> <w2> <t>", "<kind> <w>_<w2> <t>"),
    Slip(
        r"(?P<kind>group|role|resource|policy|task|integration) <t>",
        help="the name comes first, then the label: `<kind> … <t>`",
    ),
)

_HELD = (
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} ?(=|:|is|as) ?[{{]",
        help="`{ … }` stands right behind the name and the label",
    ),
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} ?(inherits|extends|includes|include|:|<) ?(role )?<w2>",
        help="a role inside another stands in its block: `<kind> <w> { role <w2> … }`",
    ),
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} (grant|deny|policy)", help="what a <kind> holds stands in braces: `{ … }`"
    ),
)

_POLICY = (
    Slip(rf"policy <w>{_LABEL} for <w2>", "policy <w> on <w2>"),
    Slip("on all resources", help="write `on any resource with …`, and name the attributes of the condition"),
    Slip(rf"policy <w>{_LABEL} [{{]", help="say which resource it is on: `policy <w> on … { … }`"),
    Slip(r"policy <w>\(<w2>[,)]", help="a parameter has a type: `policy <w>(<w2>: duration)`"),
    Slip(rf"policy <w>{_LABEL} on <w2> ?:", help="the condition stands in braces: `policy <w> on <w2> { … }`"),
)

_USER = (
    Slip("user <t> (is (a )?)?superuser", "superuser user <t>"),
    Slip("user <t> (is )?terminated", "terminated user <t>"),
    Slip("user <t> (with|has|as|is) (role )?<w>", "user <t> { assign role <w> }"),
    Slip(r"user (?P<id>[\w.+-]+@[\w.-]+)", help='ids stand in quotes: `"<id>"`'),
)

_DENY = (
    Slip("deny [^{}]* (for|to|from) (role |group |user |users )?<w>", help=_SOME),
    Slip(r"(?P<deny>deny [^{}]*?) unless", help="write `<deny> { not (…) }`"),
)

_FEATURE = (
    Slip("feature <w> ?(is|=|:|==)? ?(off|disabled|false|no)", "feature <w> off"),
    Slip("feature <w> ?(is|=|:|==)? ?(on|enabled|true|yes)", "feature <w> on"),
    Slip("feature <w>(?! ?[A-Za-z])", help="say whether it is switched on: `feature <w> on` or `feature <w> off`"),
)

_PLACE = (
    Slip("place <t> in <w>", "place <w> <t>"),
    Slip("place <w> <t> (within|at|under|of|inside) <t2>", "place <w> <t> in <t2>"),
    Slip("place <w> <w2>", 'place <w> "<w2>"'),
    Slip("place <w>", help='a place has a kind and a name: `place site "<w>"`'),
    Slip("place <t>", help="a place has a kind and a name: `place site <t>`"),
)

_SEPARATE = (
    Slip("separate <w> on <w2> (and|with|or|vs|against) <w3> on <w4>", "separate <w> on <w2> from <w3> on <w4>"),
    Slip("separate <w> from <w2> on <w3>", "separate <w> on <w3> from <w2> on <w3>"),
    Slip("separate <w> on <w2>", help="name the other side: `separate <w> on <w2> from … on …`"),
)

_SUBJECT = r"review (?P<subject>(role|group|integration) \w+|user \"[^\"\n]*\")"

_REVIEW = (
    Slip(rf"{_SUBJECT} (yearly|annually)", "review <subject> every 1 year"),
    Slip(rf"{_SUBJECT} monthly", "review <subject> every 1 month"),
    Slip(rf"{_SUBJECT} weekly", "review <subject> every 1 week"),
    Slip(rf"{_SUBJECT} quarterly", "review <subject> every 3 months"),
    Slip(rf"{_SUBJECT} (each|per|after) <n>", "review <subject> every <n>"),
    Slip("every quarter", "every 3 months"),
    Slip("every (half|half a|six months|half-) ?year", "every 6 months"),
    Slip("every (?P<unit>day|week|month|year)", "every 1 <unit>"),
    Slip("review <w> (every|each|yearly|monthly)", help="say what is reviewed: `review role <w> every …`"),
    Slip("every <n>", help="a period has a unit: `every <n> days`"),
)

_INVARIANT = (
    Slip("invariant [{]", help='an invariant has a name in quotes: `invariant "…" { … }`'),
    Slip("invariant <w> [{]", help='the name of an invariant stands in quotes: `invariant "<w>" { … }`'),
    Slip("(nobody|no one|noone|none) can", "no user can"),
    Slip("(everyone|everybody|all users|all|each user|anyone|any user|each) can", "every user can"),
    Slip("(no|only|every) <w> can", help="name the users: `users with role <w>` or `users in <w>`"),
    Slip("(all|each|any) (users|user) (?P<how>in|with)", "every user <how>"),
    Slip("(everyone|everybody|anyone|anybody) (?P<how>in|with)", "every user <how>"),
    Slip("(nobody|no one|noone) (?P<how>in|with)", "no user <how>"),
    Slip("(users|user|people|only) ", help="an invariant begins with `no user`, `only users in …` or `every user`"),
    Slip("(cannot|can not|can't|may not|must not|may|should|must)", help="say it with `no user … can …`"),
    Slip("can <w> on <w2>", "can <w> <w2>"),
    Slip("(if|when|unless|provided) ", help="the condition of an invariant stands behind `where`: `where { … }`"),
)

_TASK = (
    Slip("[{] (grant|allow|permit|can|requires|need) <w> on", "{ needs <w> on"),
    Slip("[{] <w> on <w2>", "{ needs <w> on <w2>"),
)

_START = (
    Slip(r"(permit|forbid|allow|grant) ?\(", help=_INSIDE),
    Slip("policies <w>", "policy <w>"),
    Slip("(admin|administrator|root|super) user <t>", "superuser user <t>"),
    Slip("(allow|permit|grant) <w>( on)? <w2>", help=_INSIDE),
    Slip("(everyone|everybody|anyone|anybody|all users|users|nobody) (can|may|cannot)", help=_INSIDE),
    Slip("(forbid|block|prohibit|disallow) <w> on <w2>", "deny <w> on <w2>"),
    Slip("portal <w>", "portals <w>"),
    Slip("(?P<kind>site|region|zone|branch|office|location|country|district) <t>", "place <kind> <t>"),
    Slip("(entity|type|model|table|object|class|record) <w> [{]", "resource <w> {"),
    Slip("(rule|condition|constraint) <w> on", "policy <w> on"),
    Slip("(import|include|require|load|using|use)", help=_ONE_SET),
    Slip("(package|namespace|module|version|schema)", help=_ONE_SET),
    Slip("(--|//|/[*]|;|%)", help="a comment begins with `#`"),
)

DECLARATIONS: dict[str, tuple[Slip, ...]] = {
    "": _START,
    "policy": (*_NAMED, *_POLICY),
    "role": (*_NAMED, *_HELD),
    "group": (*_NAMED, *_HELD),
    "resource": (*_NAMED, Slip(rf"resource <w>{_LABEL} ?\(", help="what it has stands in braces: `{ … }`")),
    "task": (*_TASK, *_NAMED),
    "integration": _NAMED,
    "user": _USER,
    "superuser": (
        Slip("superuser <t>", "superuser user <t>"),
        Slip("superuser", help="a tag stands before the user: `superuser user …`"),
    ),
    "terminated": (
        Slip("terminated <t>", "terminated user <t>"),
        Slip("terminated", help="a tag stands before the user: `terminated user …`"),
    ),
    "deny": _DENY,
    "feature": _FEATURE,
    "timezone": (Slip("timezone (?P<zone>[A-Za-z_]+(/[A-Za-z_]+)*)", 'timezone "<zone>"'),),
    "place": _PLACE,
    "scope": (Slip(r"scope <w> ?(>|,|->|/|has|with|includes) ?<w2>", "scope <w> contains <w2>"),),
    "separate": _SEPARATE,
    "review": _REVIEW,
    "invariant": _INVARIANT,
    "job": (Slip("job <w>", help='job codes stand in quotes: `"<w>"`'), Slip("[{] <w> }", "{ role <w> }")),
}
