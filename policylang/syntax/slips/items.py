"""Phrases inside the blocks of roles and groups, users, and records."""

from __future__ import annotations

from policylang.syntax.slips.conditions import DATES
from policylang.syntax.slips.match import Slip

_OWN_CONDITION = "a grant has no condition of its own: name it as a policy, and add `policy …` to the role or group"
_DENY = r"(?P<deny>deny <w>(, \w+)* on <w2>( \([^)]*\))?)"
_FROM_THE_USER = 'a user says which group it is in: `user "…" in <w>`'
_OWN_RECORDS = "which records it reaches is said by a policy: `policy own on <w> { … is assigned user }`"
_LAST_DAY = "say the last day: `until 2026-01-31`"
_PLACE = "say which kind of place it is, as in `at site <t>`"

BUNDLES: tuple[Slip, ...] = (
    Slip(rf"{_DENY} unless", help="write `<deny> { not (…) }`"),
    Slip(rf"{_DENY} (if|when|where|provided)", help="the condition of a deny stands in braces: `<deny> { … }`"),
    Slip("(if|when|where|unless|provided)", help=_OWN_CONDITION),
    Slip("with policy <w>", help="a policy is an item of its own: put `policy <w>` on the next line"),
    Slip(
        "(allow|permit|allows|permits|can|may|permission|permissions|privilege|right|enable) <w> on <w2>",
        "grant <w> on <w2>",
    ),
    Slip("(allow|permit|allows|permits|can|may|permission|permissions) <w> <w2>", "grant <w> on <w2>"),
    Slip("(forbid|block|prohibit|disallow|reject|refuse|revoke|not|cannot|exclude) <w> on <w2>", "deny <w> on <w2>"),
    Slip("(forbid|block|prohibit|disallow|reject|refuse|revoke|cannot) <w> <w2>", "deny <w> on <w2>"),
    Slip("(allow|permit|allows|permits)", "grant"),
    Slip("(forbid|block|prohibit|disallow)", "deny"),
    Slip("grant <w> (to|of|for|at|in|over) <w2>", "grant <w> on <w2>"),
    Slip("deny <w> (to|of|for|at|in|over) <w2>", "deny <w> on <w2>"),
    Slip("grant <w>, <w2> (to|of|for|at|in|over) <w3>", "grant <w>, <w2> on <w3>"),
    Slip("(?P<verb>grant|deny) all }", help="say on what: `<verb> all on …`, or `<verb> all on all resources`"),
    Slip("on <w> only (own|mine|my|their|owned)", help=_OWN_RECORDS),
    Slip("on (own|my|their|only own) <w>", help=_OWN_RECORDS),
    Slip("on (all|every|each|any|the|some) (?!resources?)<w>", help="a grant names the resource: `on <w>`"),
    Slip("(name|label|title|description):? <t>", help="the label stands behind the name, in front of `{`"),
    Slip("grant <w> and <w2> on", "grant <w>, <w2> on"),
    Slip("deny <w> and <w2> on", "deny <w>, <w2> on"),
    Slip(r"on <w>\.<w2>", "on <w> (<w2>)"),
    Slip("on <w> only <w2>", "on <w> (<w2>)"),
    Slip("on <w> (without|but not|excluding|minus|except for) <w2>", "on <w> except <w2>"),
    Slip("on <w> (with|plus|also) <w2>", "on <w> including <w2>"),
    Slip(
        "grant <w> <w2> on <w3>",
        help="actions are separated by commas: `<w>, <w2>`; attributes stand behind the resource: `on <w3> (<w2>)`",
    ),
    Slip("portal <w>, <w2>", help="a role has one portal: `portal <w>`"),
    Slip(
        "(inherits|inherit|extends|extend|includes|include|roles|uses|use|inherits from|extends role) (role )?<w>",
        "role <w>",
    ),
    Slip(
        r'role <w>( "[^"\n]*")? (inherits|extends|includes|include|:) (role )?<w2>',
        help="a role inside another stands in its block: `{ role <w2> … }`",
    ),
    Slip("(members|member|users|user|people) <t>", help="a user says which group it is in: `user <t> in …`"),
    Slip("group <w>", help=_FROM_THE_USER),
    Slip(r"policy <w>\(<w2> ?[:=] ?", help="arguments stand without the name of the parameter: `policy <w>(…)`"),
    Slip("policy <w> <n> <u>", "policy <w>(<n> <u>)"),
    Slip(r"\) (to|of|over) <w>", ") on <w>"),
    Slip("append policy", help="`append` is for users; a role or group attaches: `policy …`"),
    Slip("override policy", help="`override` is for users; a role or group attaches: `policy …`"),
    Slip("assign role <w>", "role <w>"),
    Slip("[{}] <w> }", help="an item begins with `grant`, `deny`, `policy` or `role`: a role inside is `role <w>`"),
)

USERS: tuple[Slip, ...] = (
    Slip("assign group <w>", help=_FROM_THE_USER),
    Slip("[{] group:? <w>", help=_FROM_THE_USER),
    Slip("assign role <t>", help="names stand without quotes: `assign role …`"),
    Slip("assign (roles )?<w> }", "assign role <w> }"),
    Slip("(roles|has role|with role|give role|is) <w>", "assign role <w>"),
    Slip("assign role <w>,", help="one role each: repeat `assign role …`"),
    Slip(r"(?<=[^n]\s)role <w>", "assign role <w>"),
    Slip("(from|until) <t>", help="a date stands without quotes: `until 2026-01-31`"),
    *DATES,
    Slip("at <t>", help=_PLACE),
    Slip("at <w> }", help='say which kind of place it is, and put its name in quotes, as in `at site "<w>"`'),
    Slip("assign role <w> in <t>", help=_PLACE),
    Slip("(in|on) <w> <t>", "at <w> <t>"),
    Slip("(to|till|through|ends|ending|end|expires|expiring|expiry|up to) (on )?<d>", "until <d>"),
    Slip("(since|starting|starts|begins|beginning|start|as of|after) (on )?<d>", "from <d>"),
    Slip("for <n> <u>", help=_LAST_DAY),
    Slip("(reason|comment|note|why|for) <t>", "because <t>"),
    Slip("approved <t>", "approved by <t>"),
    Slip("(add|attach|apply|with|plus) policy", "append policy"),
    Slip("(replace|replaces|set|instead) policy", "override policy"),
    Slip("append <w>", "append policy <w>"),
    Slip("override <w>", "override policy <w>"),
    Slip("<w> <t>", "<w> : <t>"),
)

RECORDS: tuple[Slip, ...] = (
    Slip(r"<w> : (enum|choice|select|one|values) ?[(\[{]", help="values are listed: `<w> : one of a, b`"),
    Slip("<w> : <w2>, (?P<next>actions?|optional|sensitive)", "<w> : <w2> <next>"),
    Slip("<w> : <w2> (=|:=|default)", help="attributes have no defaults: leave it out"),
    Slip("(list|array|collection|many|sequence|vector|bag) (of )?<w>", "set of <w>"),
    Slip(r"\[<w>\]", "set of <w>"),
    Slip(r"<w>\[\]", "set of <w>"),
    Slip("<w> : (optional|nullable|maybe) <w2>", "optional <w> : <w2>"),
    Slip("<w> : (sensitive|secret|private) <w2>", "sensitive <w> : <w2>"),
    Slip("<w> : <w2> (optional|nullable) actions", "optional <w> : <w2> actions"),
    Slip("<w> : <w2> (sensitive|secret) actions", "sensitive <w> : <w2> actions"),
    Slip(r"<w>\? : <w2>", "optional <w> : <w2>"),
    Slip("<w> : <w2> (as a |is a |is )?tree", "<w> : <w2> as tree"),
    Slip("tree <w> : <w2>", "<w> : <w2> as tree"),
    Slip("<w> : tree of <w2>", "<w> : <w2> as tree"),
    Slip(r"<w> : <w2>\?", "optional <w> : <w2>"),
    Slip("(required|mandatory|not null)", help="attributes are required unless they are `optional`: leave it out"),
    Slip(r"<w>-<w2>", "<w>_<w2>"),
    Slip(r"(?<=[^:,]\s)<w> <w2> :", "<w>_<w2> :"),
    Slip("(enum|choice|select)( of)? <w>", "one of <w>"),
    Slip(r"<w> : <w2> (or|\|) <w3>", "<w> : one of <w2>, <w3>"),
    Slip(r"one of \[", help="values stand without brackets: `one of a, b`"),
    Slip("one of <t>", help="values are names, without quotes: `one of a, b`"),
    Slip("user (with|role|in|of) <w>", "user with role <w>"),
    Slip("(reference to|reference|ref to|ref|link to|belongs to|foreign key) <w>", "<w>"),
    Slip("date time", "datetime"),
    Slip("action <w> (needs|need|with|requiring|depends on) <w2>", "action <w> requires <w2>"),
    Slip("action <w>, <w2>", "actions <w>, <w2>"),
    Slip(r"actions? ?[:=] ?<w>", "actions <w>"),
    Slip(r"actions? \[", help="actions stand without brackets: `actions view, create`"),
    Slip("actions <w> (and )?<w2>", "actions <w>, <w2>"),
    Slip("requires role <w>", help="an action requires a grant, a feature or the tag, as in `requires superuser`"),
    Slip(r"requires <w>\.<w2>", "requires <w2> on <w>"),
    Slip("requires <w> <w2>", "requires <w> on <w2>"),
    Slip("(grant|allow|deny|permit) <w>", help="rights are given inside a role or group: `role … { grant <w> on … }`"),
    Slip(r"<w> : (set of |one of )?<w2>[,;] <w3> :", help="one attribute follows another without a comma: delete it"),
)
