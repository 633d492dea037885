"""Policies with one of nearly every mistake that rules find: a branch of an organisation."""

from __future__ import annotations

COMMON = """\
portals client
resource ticket "Tickets" {
  created : datetime
  owner : user
  agent : user with role agent
  priority : int
  sensitive note : text
  actions view, create, modify, delete, approve
  action peek bypasses policies
}
resource letter "Letters" { title : text  sensitive body : text  actions view, modify }
resource parcel "Parcels" { weight : int  actions view, modify }
resource hotline "Hotline" { action use requires feature telephone  action record assignable via api }
resource plan "Plans" { site : site  action view requires view on letter at region }
feature telephone off
role agent "Agent"
protected role keeper "Keeper" { portal admin  grant view on letter including body because "keeps them" }
essential role reader_of_letters "Reads letters" { grant view on letter }
"""

_BRANCH = """\
policy low_@ on ticket { priority < 1@5 }
policy small_@ on ticket { not (priority >= 1@5) }
policy high_@ on ticket { priority > 1@9 }
policy any_@ on ticket { priority is present }
policy none_@ on ticket { priority < 1 and priority > 1@5 }
policy unused_@ on ticket { priority is 1@1 }
role torn_@ "Contradicts itself" { grant view on ticket  policy low_@ on ticket  policy high_@ on ticket }
role open_@ "Limits nothing" { grant view on ticket  policy any_@ on ticket }
role shut_@ "Reaches nothing" { grant view on ticket  policy none_@ on ticket }
role twice_@ "Limits twice" { grant view on ticket  policy low_@ on ticket  policy small_@ on ticket }
role undone_@ "Denies all" { grant view, delete on ticket  deny delete on ticket }
role idle_@ "Denies nothing" { grant view on ticket  deny approve on ticket { priority > 1@3 } }
role stray_@ "Limits elsewhere" { grant view on letter  policy low_@ on ticket }
role wild_@ "Everything" { portal staff  grant all on ticket }
role secret_@ "Secrets" { grant view on letter including body  grant modify on letter }
role blind_@ "Blind" { grant modify on parcel  grant view on reports }
role caller_@ { grant use, record on hotline }
role maker_@ "Maker" { portal client  grant view, create on ticket  policy high_@ on ticket }
role checker_@ "Checker" { grant view, approve on ticket  grant peek on ticket }
role lends_@ "Lends" { grant view on parcel  may assign keeper }
role doer_@ "Does" { grant view on parcel  performs work_of_@ }
role feed_@ "Feed" { grant view on letter including body  grant view on parcel }
role mirror_@ "Mirror" { grant view on letter }
role halves_@ "Halves" { grant view on letter (title)  grant modify on letter (title, body) because "edits" }
role local_@ "Local" { grant view on plan  grant view on letter }
role Odd_@ "Odd name" { grant view on parcel }
task work_of_@ "Work" { needs modify on parcel }
integration sync_@ { role feed_@  objects letter  mirror role mirror_@ }
group desk_@ "Desk" { grant view, modify on ticket  policy low_@ on ticket }
review group desk_@ every 90 days last 2025-01-31
review role wild_@ every 1 year last 2026-01-15
user "stack@b@.test" in desk_@ {
  department : "Desk @"
  append policy high_@ on ticket
  assign role maker_@ from 2026-01-01
  assign role checker_@ because "temporary cover"
  assign role wild_@ until 2026-01-31
  assign role wild_@ at site "Site 0" until 2026-01-31
}
user "feed@b@.test" { department : "Desk @"  assign role feed_@  assign role caller_@  assign role Odd_@ }
user "lend@b@.test" {
  department : "Desk @"
  assign role lends_@
  assign role doer_@
  assign role mirror_@
  assign role idle_@
}
user "site@b@.test" {
  department : "Desk @"
  assign role local_@ at site "Site 0"
  assign role halves_@ at site "Site 0" because "helps"
}
terminated user "gone@b@.test" in desk_@ { department : "Desk @"  assign role blind_@ }
"""

_TOGETHER = (
    'user "pair{n}@b@.test" {{ department : "Desk @"  assign role torn_@  assign role stray_@ because "both" }}\n'
)
_PAIRS = "".join(_TOGETHER.format(n=n) for n in range(5))


def mistakes(branch: int) -> str:
    """The branch with this number; it needs what an organisation declares, and ``COMMON``."""
    return (_BRANCH + _PAIRS).replace("@b@", "\0").replace("@", str(branch)).replace("\0", f"@b{branch}")
