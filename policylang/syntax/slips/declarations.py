"""Phrases before the block of a declaration, and in declarations that are blocks of one kind: by their first word."""

from __future__ import annotations

from policylang.syntax.slips.conditions import PERIODS
from policylang.syntax.slips.match import Slip

_ONE_SET = "remove it: all `.policy` files under a folder are one policy set"
_SOME = "a deny outside a block is for everyone; to deny only some users, put it in their role or group"
_INSIDE = "put grants inside a role or group: `role clerk { grant … }`"
_LABEL = r"( \"[^\"\n]*\")?"

# `<kind>` is the first word.
_NAMED = (
    Slip(r"(?P<kind>group|role|resource|policy|task|integration) <w>[- ](?P<digits>\d+)", "<kind> <w>_<digits>"),
    Slip(r"(?P<kind>group|role|resource|policy|task|integration) ?: ?<w>", "<kind> <w>"),
    Slip(r"(?P<kind>group|role|resource|policy|task|integration) <w> <w2> <t>", "<kind> <w>_<w2> <t>"),
    Slip(
        r"(?P<kind>group|role|resource|policy|task|integration) <t>",
        help="put the name first, then the label: `<kind> … <t>`",
    ),
)

_HELD = (
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} ?(=|:|is|as) ?[{{]",
        help="put `{ … }` directly after the name and label",
    ),
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} ?(inherits|extends|includes|include|is|:|<) ?(role )?<w2>",
        help="put a role inside another role's block: `<kind> <w> { role <w2> … }`",
    ),
    Slip("group <w> in <w2>", help="a group cannot be in a group: put what both share in a role"),
    Slip(
        rf"(?P<kind>role|group) <w>{_LABEL} (\(|grant|deny|policy)",
        help="put the content of a <kind> in braces: `{ … }`",
    ),
)

_POLICY = (
    Slip(rf"policy <w>{_LABEL} (of|in|at|to|over) <w2>", "policy <w> on <w2>"),
    Slip(
        r"on (every|each|all|any) (resources? )?(with|having|that has|where|which has):? <w>",
        "on any resource with <w>",
    ),
    Slip(r"on any resource (having|that has|which has|has|that have):? <w>", "on any resource with <w>"),
    Slip(r"with <w> (and|&) <w2>", "with <w>, <w2>"),
    Slip(
        "(?P<on>on <w>( with [a-z_, ]+?)?) (unless|except|except when) [{]",
        help="negate the condition: `<on> { not (…) }`",
    ),
    Slip(
        r"[(,] ?<w> (?P<type>text|int|decimal|money|bool|date|datetime|duration|user|number|string)[),]",
        help="give the parameter a type: `<w>: <type>`",
    ),
    Slip(r"[(,] ?<w> ?: ?<w2> ?=", help="parameters have no defaults: remove it"),
    Slip(r"policy <w>\(<n>", help="attach a policy inside a role or group: `role … { policy <w>(…) }`"),
    Slip(rf"policy <w>{_LABEL} for <w2>", "policy <w> on <w2>"),
    Slip("on all resources", help="write `on any resource with …` and name the attributes of the condition"),
    Slip(rf"policy <w>{_LABEL} [{{]", help="say which resource it is on: `policy <w> on … { … }`"),
    Slip(r"policy <w>\(<w2>[,)]", help="give the parameter a type: `policy <w>(<w2>: duration)`"),
    Slip(rf"policy <w>{_LABEL} on <w2> ?[:=]", help="put the condition in braces: `policy <w> on <w2> { … }`"),
)

_USER = (
    Slip("user ?: ?<t>", "user <t>"),
    Slip("user ?: ?<w>", 'user "<w>"'),
    Slip("user <t> (is |are )?(a )?(member )?(in|of) (the )?(group )?<w>", "user <t> in <w>"),
    Slip("user <t> group ?[:=] ?<w>", "user <t> in <w>"),
    Slip("user <t> (inactive|disabled|deactivated|left|deleted)", "terminated user <t>"),
    Slip("user <t> (is (a )?)?superuser", "superuser user <t>"),
    Slip("user <t> (is )?terminated", "terminated user <t>"),
    Slip("user <t> (with|has|as|is) (role )?<w>", "user <t> { assign role <w> }"),
    Slip(r"user (?P<id>[\w.+-]+@[\w.-]+)", help='put ids in quotes: `"<id>"`'),
)

_TAG = (
    Slip("(?P<tag>superuser|terminated) <t>", "<tag> user <t>"),
    Slip("(?P<tag>superuser|terminated)", help="put the tag before `user`: `<tag> user …`"),
)

_DENY = (
    Slip("deny (everyone|everybody|anyone|anybody|all users|users) (?P<what><w>(, <w2>)*) on", "deny <what> on"),
    Slip("deny all(?! on)", help="name the resource: `deny all on …`, or `deny all on all resources`"),
    Slip(
        "(?P<deny>deny [^{}]*?) (between|from) (?P<first>\\d\\d:\\d\\d) (and|to|until) (?P<second>\\d\\d:\\d\\d)",
        "<deny> { now is between <first> and <second> }",
    ),
    Slip(
        "(?P<deny>deny [^{}]*? on \\w+) on <w>",
        help="put the condition of a deny in braces: `<deny> { now is on <w> }`",
    ),
    Slip("deny [^{}]* (for|to|from) (role |group |user |users )?<w>", help=_SOME),
    Slip(r"(?P<deny>deny [^{}]*?) unless", help="write `<deny> { not (…) }`"),
)

_FEATURE = (
    Slip("feature <w> ?(is|=|:|==)? ?(off|disabled|false|no)", "feature <w> off"),
    Slip("feature <w> ?(is|=|:|==)? ?(on|enabled|true|yes)", "feature <w> on"),
    Slip("feature <w>(?! ?[A-Za-z])", help="say whether the feature is on: `feature <w> on` or `feature <w> off`"),
)

_PLACE = (
    Slip("in [a-z_]+ <t>", "in <t>"),
    Slip("place <w> <t> (contains|has|includes) <t2>", help="say it at the inner place: `place … <t2> in <t>`"),
    Slip("place <t> in <w>", "place <w> <t>"),
    Slip("place <w> <t> (within|at|under|of|inside) <t2>", "place <w> <t> in <t2>"),
    Slip("place <w> <w2>", 'place <w> "<w2>"'),
    Slip("place <w>", help='give the place a kind and a name: `place site "<w>"`'),
    Slip("place <t>", help="give the place a kind and a name: `place site <t>`"),
)

_PERMISSIONS = "name two permissions: `separate create on invoice from approve on invoice`"
_SEPARATE = (
    Slip(
        r"separate (at )?(most|max|maximum|no more than|not more than|up to) (?P<most>\d+)( of)? ?[{]",
        "separate at most <most> of {",
    ),
    Slip("separate at (most|max) (one|a)", "separate at most 1"),
    Slip("separate <n> of", "separate at most <n> of"),
    Slip("severity (?P<level>low|medium|high) <t>", "<t> severity <level>"),
    Slip("at least", "at most"),
    Slip(r"at most \d+ of <w>", help="put the permissions in braces: `at most 1 of { view on … edit on … }`"),
    Slip(r"(?<!on\s)\b<w>, <w2> on <w3>(?= [^}]*}| })", "<w> on <w3>  <w2> on <w3>"),
    Slip("of [{][^}]*?[,;]", help="permissions in braces need no comma between them: delete it"),
    Slip("separate <w>, <w2> on <w3>", "separate <w> on <w3> from <w2> on <w3>"),
    Slip("separate <w> and <w2> on <w3>", "separate <w> on <w3> from <w2> on <w3>"),
    Slip("separate (roles?|groups?) <w>", help=_PERMISSIONS),
    Slip("separate <w> (from|and) <w2>(?! on)", help=_PERMISSIONS),
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
    Slip("(?P<every>every <n> <u>) (since|from|starting|after|on) <d>", "<every> last <d>"),
    Slip("(?P<every>every <n> <u>) last (never|none|unknown)", "<every>"),
    Slip("every <n> last", help="add a unit to the period: `every <n> days`"),
    Slip("every <n>", help="add a unit to the period: `every <n> days`"),
)

_INVARIANT = (
    Slip("invariant [{]", help='give the invariant a name in quotes: `invariant "…" { … }`'),
    Slip("invariant <w> [{]", help='put the name of an invariant in quotes: `invariant "<w>" { … }`'),
    Slip("(nobody|no one|noone|none) can", "no user can"),
    Slip("(everyone|everybody|all users|all|each user|anyone|any user|each) can", "every user can"),
    Slip(
        "(?P<how>no|every) (role|group) <w>", help="name the users: `<how> user with role <w>` or `<how> user in <w>`"
    ),
    Slip("(?P<who>users?) with (?!role)<w> can", "<who> with role <w> can"),
    Slip("[{] (never|not) ", help="an invariant starts with `no user`, `only users in …` or `every user`"),
    Slip("(no|only|every) <w> can", help="name the users: `users with role <w>` or `users in <w>`"),
    Slip("(all|each|any) (users|user) (?P<how>in|with)", "every user <how>"),
    Slip("(everyone|everybody|anyone|anybody) (?P<how>in|with)", "every user <how>"),
    Slip("(nobody|no one|noone) (?P<how>in|with)", "no user <how>"),
    Slip("(users|user|people|only) ", help="an invariant starts with `no user`, `only users in …` or `every user`"),
    Slip("(cannot|can not|can't|may not|must not|may|should|must)", help="say it with `no user … can …`"),
    Slip("can <w> on <w2>", "can <w> <w2>"),
    Slip("(if|when|unless|provided) ", help="put the condition of an invariant after `where`: `where { … }`"),
)

_TASK = (
    Slip("[{] (grant|allow|permit|can|requires|need) <w> on", "{ needs <w> on"),
    Slip("[{] <w> on <w2>", "{ needs <w> on <w2>"),
)

_NO_DATA = "this is not YAML or JSON: write declarations such as `role clerk { grant view on … }`"
_IMPORTED = "a Casbin policy can be imported: `policylang import casbin`"
_KIND = "role|group|policy|user|resource|task|integration|feature|portals|scope|place|job|invariant|timezone"

_START = (
    Slip(rf"(create|define|add|new|declare|def|let|CREATE) (?P<kind>{_KIND}) ", "<kind> "),
    Slip(r"(p|g|g2), <w>", help=_IMPORTED),
    Slip(r"\[(request_definition|policy_definition|role_definition|policy_effect|matchers)\]", help=_IMPORTED),
    Slip("(?:GRANT|Grant|ALLOW|PERMIT|default allow|permission|privilege|right) ", help=_INSIDE),
    Slip("(?:DENY|REVOKE|FORBID|Deny|Revoke) <w> ON", "deny <w> on"),
    Slip(r"(allow|permit) (if|when|:=|=|[{])", help=_INSIDE),
    Slip(r"define <w>:", help=_INSIDE),
    Slip(r"type <w>(?! ?[{])", help="declare a kind of record: `resource <w> { actions view }`"),
    Slip(r"(assign|give) (role )?<w> to <t>", "user <t> { assign role <w> }"),
    Slip("rule <w> [{]", help="name the resource: `policy <w> on … { … }`"),
    Slip(r"[A-Za-z]\w*:", help=_NO_DATA),
    Slip("<w> ?=", help=_NO_DATA),
    Slip("(model|relations|rules|policies|statement)", help=_NO_DATA),
    Slip("CREATE POLICY <w> ON <w2>", help="write `policy <w> on <w2> { … }`"),
    Slip(r"<t> ?:", help=_NO_DATA),
    Slip(r"[\[{] ?<t>", help=_NO_DATA),
    Slip(r"[-*] [A-Za-z]", help="declarations and items need no bullet: delete it"),
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
    Slip("(--|//|/[*]|;|%)", help="comments start with `#`"),
)

DECLARATIONS: dict[str, tuple[Slip, ...]] = {
    "": _START,
    "policy": (*_NAMED, *_POLICY),
    "role": (*_NAMED, *_HELD),
    "group": (*_NAMED, *_HELD),
    "resource": (*_NAMED, Slip(rf"resource <w>{_LABEL} ?\(", help="put the content in braces: `{ … }`")),
    "task": (*_TASK, *_NAMED),
    "integration": (
        Slip(r"(from|until) <d>[T ]\d\d:\d\d", help="an integration begins and ends with a day: leave the time out"),
        *PERIODS,
        Slip("(grant|deny|policy) ", help="an integration has what its roles have: put this into a role of its own"),
        *_NAMED,
    ),
    "user": _USER,
    "superuser": _TAG,
    "terminated": _TAG,
    "deny": _DENY,
    "feature": _FEATURE,
    "portals": (
        Slip("portals ?[:=] ?<w>", "portals <w>"),
        Slip(r"portals \[", help="write portals without brackets: `portals admin, staff`"),
    ),
    "timezone": (
        Slip(r"timezone ?[:=] ?<t>", "timezone <t>"),
        Slip("timezone (?P<zone>[A-Za-z_]+(/[A-Za-z_]+)*)", 'timezone "<zone>"'),
    ),
    "place": _PLACE,
    "scope": (
        Slip("contains <w>, <w2>", help="name one kind in the other: `contains <w> contains <w2>`"),
        Slip(r"scope <w> ?(>|,|->|/|has|with|includes) ?<w2>", "scope <w> contains <w2>"),
    ),
    "separate": _SEPARATE,
    "review": _REVIEW,
    "invariant": _INVARIANT,
    "job": (
        Slip("job <t> (role )?<w>", "job <t> { role <w> }"),
        Slip("job <w>", help='put job codes in quotes: `"<w>"`'),
        Slip("[{] <w> }", "{ role <w> }"),
    ),
}
