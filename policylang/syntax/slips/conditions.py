"""Phrases inside conditions."""

from __future__ import annotations

from policylang.syntax.slips.match import Slip

_RANGE = "<x> >= <v> and <x> <= <v2>"
_GROUPS = "a condition cannot test groups or roles: attach the policy to the group or role it is for"
NOW = "write a duration counted from now: `… within 30 days`, `… older than 30 days` or `… within next 30 days`"
_DATE = "write dates as year-month-day: `2026-01-31`"
_AMOUNT = "write a plain number, without currency, unit or separators: `500`, `0.5`"
_PATTERNS = "patterns are not supported: write `<x> starts with …`, `<x> contains …` or `<x> ends with …`"
_ALWAYS = "a policy that is always true limits nothing: remove it"
_MONTHS = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

DATES = (
    Slip(r"(?<![\d-])\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", help=_DATE),
    Slip(r"\d{4}[./]\d{1,2}[./]\d{1,2}", help=_DATE),
    Slip(r"\d{4}-\d-\d{1,2}", help=_DATE),
    Slip(r"\d{4}-\d\d-\d(?!\d)", help=_DATE),
    Slip(rf"{_MONTHS}\.? \d{{1,2}}(,)? \d{{4}}", help=_DATE),
    Slip(rf"\d{{1,2}}(\.)? {_MONTHS} \d{{4}}", help=_DATE),
    Slip(r"\d{4}-\d\d-\d\d[T ]\d:", help="write the hour with two digits: `08:00`"),
    Slip(
        r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?",
        help="write date and time as one word, with an offset: `2026-01-31T08:00:00Z`",
    ),
)

PERIODS = (
    Slip("(to|till|through|ends|ending|end|expires|expiring|expiry|up to) (on )?<d>", "until <d>"),
    Slip("(since|starting|starts|begins|beginning|start|as of|after) (on )?<d>", "from <d>"),
)

_GROUP_TESTS = (
    Slip("(assigned )?user (is )?(not )?(in|member of|part of) (the )?(group |role )?<w>", help=_GROUPS),
    Slip("(assigned )?user has (the )?(role|group) <w>", help=_GROUPS),
    Slip("<x> (is )?(not )?in (the )?(group|role) <w>", help=_GROUPS),
)

_DAYS = (
    Slip("<x> (is )?since <n> <u>", "<x> within <n> <u>"),
    Slip("<x> (is )?(the )?(last|past|previous) <n> <u>", "<x> within <n> <u>"),
    Slip(
        "<x> (is |= |== )?(since |after |before |until |on )?"
        "(yesterday|today|tomorrow|(this|last|next) (day|week|month|year))(?! is| within| in)",
        help=NOW,
    ),
)

_ORDERS = (
    Slip("<x> (is )?(more|greater|bigger|higher|larger) (than )?or (equal|equals|equal to) (to )?<v>", "<x> >= <v>"),
    Slip("<x> (is )?(less|fewer|smaller|lower) (than )?or (equal|equals|equal to) (to )?<v>", "<x> <= <v>"),
)

_NOW = r"(now|today|current_timestamp|current_date|NOW|CURRENT_TIMESTAMP|CURRENT_DATE)( ?\(\))?"

_LENGTHS_OF_TIME = (
    Slip("<x> (is )?(>|>=|after) <n> <u> ago", "<x> within <n> <u>"),
    Slip("<x> (is )?(<|<=|before) <n> <u> ago", "<x> older than <n> <u>"),
    Slip("<x> (is )?(less|fewer|newer|younger) than <n> <u>( ago| old)?", "<x> within <n> <u>"),
    Slip("<x> (is )?(more|greater|older|longer) than <n> <u>( ago| old)?", "<x> older than <n> <u>"),
    Slip("<x> (is )?(in|within|during|over|from) (the )?(last|past|previous) <n> <u>", "<x> within <n> <u>"),
    Slip(
        "<x> (is )?(in|within|during|over|from) (the )?(last|past|previous) (month|day|week|year)",
        help="count the period back from now: `<x> within 1 month`",
    ),
    Slip("<x> (is )?(in|within|during) (the )?(next|coming) <n> <u>", "<x> within next <n> <u>"),
    Slip("<x> is within <n> <u>", "<x> within <n> <u>"),
    Slip("<n>-<u>", "<n> <u>"),
    Slip(rf"<x> (>=?|after|since) {_NOW} ?- ?(interval |INTERVAL )?'?<n> <u>'?", "<x> within <n> <u>"),
    Slip(rf"<x> (<=?|before) {_NOW} ?- ?(interval |INTERVAL )?'?<n> <u>'?", "<x> older than <n> <u>"),
    Slip(rf"<x> (<=?|before) {_NOW} ?[+] ?(interval |INTERVAL )?'?<n> <u>'?", "<x> within next <n> <u>"),
    Slip(rf"{_NOW} ?[+-] ?\d+", help=NOW),
    Slip(r"(now|today)\(\)", help=NOW),
    Slip("<x> in <n> <u>", help="write `<x> within <n> <u>`, or `<x> within next <n> <u>` for the time to come"),
    Slip("<x> (is )?(not )?(older|newer) than <v>", help="write `<x> older than 30 days` or `<x> within 30 days`"),
)

_DAYS_HELP = "list the weekdays in full: `now is on saturday, sunday`"
_TIME = "write a time of day as hours and minutes, `00:00` to `23:59`: `22:00`"
_HOURS = r"(?P<first>\d\d:\d\d)"
_HOURS2 = r"(?P<second>\d\d:\d\d)"
_WEEKDAY = "(mon|tue|wed|thu|fri|sat|sun|Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_CLOCK_HELP = "write `now is between 22:00 and 06:00` or `now is on saturday, sunday`"
_CLOCK = (
    Slip(rf"now (is )?(not )?(on )?{_WEEKDAY} ?(,|to|until|through|-) ?{_WEEKDAY}", help=_DAYS_HELP),
    Slip(r"[{] (at|during|in|on|outside|after|before) [a-z_ ]+ [}]", help=_CLOCK_HELP),
    Slip(
        r"[{] ?(between|from) <v> (and|to|until|till) <v2>",
        "{ now is between <v> and <v2>",
        "write `now is between <v> and <v2>`",
    ),
    Slip(rf"now (is )?(between|from) {_HOURS} ?- ?{_HOURS2}", "now is between <first> and <second>"),
    Slip(rf"now (between|from) {_HOURS} (and|to|until|till) {_HOURS2}", "now is between <first> and <second>"),
    Slip(rf"now is from {_HOURS} (to|until|till) {_HOURS2}", "now is between <first> and <second>"),
    Slip(rf"now (is )?(after|since|>=?) {_HOURS}", "now is between <first> and 00:00"),
    Slip(rf"now (is )?(before|until|<) {_HOURS}", "now is between 00:00 and <first>"),
    Slip("now (between|from) <v> (and|to|until|till) <v2>", help=_TIME),
    Slip("now is from <v> (to|until|till) <v2>", help=_TIME),
    Slip("now is (not )?between <v> (and|to|until|till) <v2>", help=_TIME),
    Slip("now (is )?(not )?(in|during) ", help=_CLOCK_HELP),
    Slip("now is (not )?on <w> (and|or) <w2>", help=_DAYS_HELP),
    Slip("now (is )?(not )?(>|>=|<|<=|before|after) <v>", help="write `now is between 22:00 and 06:00`"),
)

_COMPARISONS = (
    Slip("<x> (is )?(under|below|inside|within) assigned user.<w>", "<x> is under assigned user.<w>"),
    Slip("<x> (=>|≥) ?<v>", "<x> >= <v>"),
    Slip("<x> (=<|≤) ?<v>", "<x> <= <v>"),
    Slip("<x> ≠ ?<v>", "<x> is not <v>"),
    Slip("<x> is (?P<op>[<>]=?) ?<v>", "<x> <op> <v>"),
    Slip("<x> is (=|==) ?<v>", "<x> is <v>"),
    Slip("<x> (is )?between <v> (and|to) <v2>", _RANGE),
    Slip("<x> (is )?from <v> (to|until|till) <v2>", _RANGE),
    Slip("<x> (is )?(>= |at least |no less than |not less than |gte |ge |since |from )<v>", "<x> >= <v>"),
    Slip("<x> (is )?(at most |no more than |not more than |up to |lte |le |until |till )<v>", "<x> <= <v>"),
    Slip(
        "<x> (is )?(more than |greater than |bigger than |higher than |larger than |over |above |exceeds |gt )<v>",
        "<x> > <v>",
    ),
    Slip("<x> (is )?(less than |fewer than |smaller than |lower than |under |below |lt )<v>", "<x> < <v>"),
    Slip("<x> (is )?(on |exactly )<v>", "<x> is <v>"),
    Slip("<v> < <x> < <v2>", "<x> > <v> and <x> < <v2>"),
    Slip("<v> <= <x> <= <v2>", "<x> >= <v> and <x> <= <v2>"),
    Slip("<x> > <v> and < <v2>", "<x> > <v> and <x> < <v2>"),
    Slip("<x> >= <v> and <= <v2>", "<x> >= <v> and <x> <= <v2>"),
    Slip("<x> (is )?(equals|equal|eq|equal to|equals to|same as|the same as) <v>", "<x> is <v>"),
    Slip("<x> (==|===|=) <v>", "<x> is <v>"),
    Slip("<x> (!=|<>|!==|~=|/=) <v>", "<x> is not <v>"),
    Slip("<x> (isnt|isn't|aint|ne|not equals|not equal to|does not equal|differs from) <v>", "<x> is not <v>"),
    Slip("<x>: <v>", "<x> is <v>"),
)

_CHOICES = (
    Slip("<x> (is )?not in", help="write `not (<x> in […])`"),
    Slip("<x> (is )?(either |any of |one of |in |among )<v> or <v2>", "<x> in [<v>, <v2>]"),
    Slip(r"<x> (is )?(either |any of |one of |in |among )[\[({]?<v>, <v2>[\])}]?", "<x> in [<v>, <v2>]"),
    Slip(r"<x> in [({]<v>[)}]", "<x> in [<v>]"),
    Slip("<x> is <v> or (?!(?P=x))<v2>", "<x> in [<v>, <v2>]"),
    Slip("<x> is <v>, <v2>(?! (is|in|within|contains|<|>))", "<x> in [<v>, <v2>]"),
)

_SETS = (
    Slip(r"<x> (contains|has|includes) (all|every|each)( of)? ?\[<v>, <v2>\]", "<x> contains all of [<v>, <v2>]"),
    Slip(r"<x> contains \[<v>, <v2>\]", help="write `<x> contains all of […]`, or `<x> overlaps […]` for one of them"),
    Slip(r"<x> (has|contains|includes) (any|one|some) of ?\[<v>, <v2>\]", "<x> overlaps [<v>, <v2>]"),
    Slip("<x> (overlap|intersects|intersect|shares) <x2>(?= [})]| and | or )", "<x> overlaps <x2>"),
)

_BELOW = "(a child of|a descendant of|descended from|part of)"
_TREES = (
    Slip(rf"<x> (is )?not ({_BELOW}|under|below|beneath|underneath) <t>", "<x> is not under <t>"),
    Slip(rf"<x> (is )?({_BELOW}|under|below|beneath|underneath) <t>", "<x> is under <t>"),
    Slip(rf"<x> {_BELOW} (?=assigned\b)<v>", "<x> is under <v>"),
)

_TEXTS = (
    Slip("<x> (is )?(not )?(?i:like|ilike|matches|match|matching|=~|~|~=|regex|regexp|similar to)", help=_PATTERNS),
    Slip("<x> (begins with|begin with|startswith|starts_with|start with|has prefix) <v>", "<x> starts with <v>"),
    Slip("<x> (ending with|endswith|ends_with|end with|finishes with|has suffix) <v>", "<x> ends with <v>"),
    Slip(
        "<x> (does not contain|doesn't contain|not contain|not contains|contains not|excludes) <v>",
        "not (<x> contains <v>)",
    ),
    Slip("<x> (does not start with|not starts with) <v>", "not (<x> starts with <v>)"),
    Slip("<x> (does not end with|not ends with) <v>", "not (<x> ends with <v>)"),
    Slip("<x> (includes|include|contain|has) <t>", "<x> contains <t>"),
)

_PRESENCE = (
    Slip("<x> (does not exist|not exists|is not present|is not set|isn't set)", "<x> is missing"),
    Slip("<x> (exists|exist|is defined|is set|is given)", "<x> is present"),
    Slip(r"(has|exists|defined) \(?<x>\)?", "<x> is present"),
)

_JOINTS = (
    Slip("<x> is not <v> (and|or) not <v2>", "not (<x> in [<v>, <v2>])"),
    Slip("<x> is <v> unless <x2> is <v2>", "<x> is <v> and not (<x2> is <v2>)"),
    Slip("unless", help="write `and not (…)`"),
    Slip("<x> is <v>[,;] <x2> is <v2>", "<x> is <v> and <x2> is <v2>"),
    Slip("<x> is <v> <x2> is <v2>", "<x> is <v> and <x2> is <v2>"),
    Slip("[,;]", help="join conditions with `and` or `or`"),
)

# Keywords of SQL and Python, and what stands for one there.
_CAPITALS = (
    Slip("<x> (?:IS|Is) (?:NULL|Null)", "<x> is missing"),
    Slip("<x> (?:IS|Is) (?:NOT|Not) (?:NULL|Null)", "<x> is present"),
    Slip("<x> IS NOT <v>", "<x> is not <v>"),
    Slip("<x> IS <v>", "<x> is <v>"),
    Slip(r"<x> NOT IN ?\(<v>\)", "not (<x> in [<v>])"),
    Slip(r"<x> NOT IN ?\(<v>, <v2>\)", "not (<x> in [<v>, <v2>])"),
    Slip(r"<x> (IN|In) ?[\[(]<v>[\])]", "<x> in [<v>]"),
    Slip(r"<x> (IN|In) ?[\[(]<v>, <v2>[\])]", "<x> in [<v>, <v2>]"),
    Slip("<x> (IN|In) ", "<x> in "),
    Slip("<x> BETWEEN <v> AND <v2>", "<x> >= <v> and <x> <= <v2>"),
    Slip("(AND|And) <x>", "and <x>", "write `and`"),
    Slip("(OR|Or) <x>", "or <x>", "write `or`"),
    Slip(r"(NOT|Not) ?\(", "not (", "write `not (…)`"),
)

_SYMBOLS = (
    Slip(r"'(?P<text>[^'\"\n]*)'", '"<text>"'),
    Slip("&&", "and"),
    Slip(r"\|\|", "or"),
    Slip("&(?!&)", "and"),
    Slip(r"\|(?!\|)", "or"),
    Slip(r"(auth\.uid|current_user|get_user|user|me)\(\)", "assigned user"),
    Slip(r"!\(", "not ("),
    Slip("! ?<x>(?= [})]| and | or | &| [|])", "<x> is false"),
    Slip("not <x>(?= [})]| and | or | &| [|])", "<x> is false"),
    Slip(r"!(?=[A-Za-z])", "not "),
)

_WHOLE = (
    Slip(r"\{ (true|all|any|everything|always|\*) \}", help=_ALWAYS),
    Slip(r"\{ (everyone|everybody|anyone|anybody) \}", help=_ALWAYS),
    Slip(
        r"\{ (only )?(my |their |your )?(own|mine|theirs)( \w+)? \}",
        help="name the attribute that holds the user: `… is assigned user`",
    ),
    Slip(
        r"\{ (false|never|none|nothing) \}", help="a policy that is never true lets nothing through: remove the grant"
    ),
    Slip(r"\{\s*\}", help="a policy needs a condition: compare an attribute, as in `{ … is … }`"),
)

_AMOUNTS = (
    Slip(r"[$€£¥] ?-?\d[\d.,]*", help=_AMOUNT),
    Slip(r"-?\d[\d.,]* ?[$€£¥%]", help=_AMOUNT),
    Slip(r"-?\d{1,3}([,.]\d{3})+([.,]\d+)?", help=_AMOUNT),
    Slip(r"-?\d+,\d+", help=_AMOUNT),
    Slip(r"[<>=] \.\d+", help=_AMOUNT),
)

CONDITIONS: tuple[Slip, ...] = (
    *_WHOLE,
    *_CAPITALS,
    *_CLOCK,
    *_SYMBOLS,
    *_AMOUNTS,
    *DATES,
    *_GROUP_TESTS,
    *_LENGTHS_OF_TIME,
    *_DAYS,
    *_TREES,
    *_ORDERS,
    *_SETS,
    *_CHOICES,
    *_TEXTS,
    *_PRESENCE,
    *_COMPARISONS,
    *_JOINTS,
)
