# Decides requests of a policy set, which stands as tables in `data.policylang.tables`. Nothing here depends on it.
#
# Ask for `data.policylang.access.decision`, or for `allow` alone. README.md says what an input looks like.
package policylang.access

import data.policylang.tables
import rego.v1

default allow := false

default fields := []

default decision := {"allow": false, "fields": [], "reasons": ["the request cannot be read"]}

decision := {"allow": allow, "fields": fields, "reasons": sort(reasons)}

# The action is open before the change and after it, covers all that is asked for, and nothing wrong is written.
allow if {
	readable
	before
	after
	every name in asked {
		name in covered
	}
	every name in touched {
		writable(name)
	}
}

fields := [name | some name in this_resource.order; name in covered] if allow

covered := before.fields & after.fields

before := opened(input.record)

after := before if count(changes) == 0

after := opened(changed_record) if count(changes) > 0

# --- the request -------------------------------------------------------------------------------------------

this_resource := tables.resources[input.resource]

# Decided as view, create, modify or delete; null as an action of its own kind.
kind := this_resource.actions[input.action].kind

this_user := tables.users[input.user]

changes := object.get(input, "changes", {})

request_attributes := object.get(input, "request", {})

# Whatever is decided below may count on this.
readable if {
	this_user
	this_resource.actions[input.action]
	is_object(input.record)
	is_object(request_attributes)
	is_number(input.now)
	is_number(input.today)
	well_changed
	is_set(asked) # so that it has a value
	every name in asked {
		this_resource.attributes[name]
	}
}

well_changed if changes == {}

well_changed if {
	is_object(changes)
	kind == "modify"
	every name, _ in changes {
		split(name, ".")[0] in touched
	}
}

# The attributes that are written. A name with dots is an attribute of a related record, which is only read.
touched := own_names(changes) if kind == "modify"

touched := {name | some name in own_names(input.record); input.record[name] != null; not is_bare_id(name)} if {
	kind == "create"
}

touched := set() if not kind in {"modify", "create"}

own_names(values) := {name | some name in object.keys(values); not contains(name, ".")} if is_object(values)

is_bare_id(name) if {
	name == "id"
	not this_resource.attributes.id
}

asked := touched | {input.field} if is_asked_for_a_field

asked := touched if not is_asked_for_a_field

is_asked_for_a_field if object.get(input, "field", null) != null

changed_record := object.union(
	{name: given | some name, given in input.record; not split(name, ".")[0] in touched},
	changes,
)

# --- the decision about a record ---------------------------------------------------------------------------

# The ways in which the action is open on a record, and the attributes that it covers. Undefined where it is not open.
opened(record) := {"ways": ways, "fields": fields_of_ways - fields_denied} if {
	is_well_placed(record)
	ways := ways_to(record)
	count(ways) > 0
	is_met(record)
	is_appended(record)
	denies := denies_of(record)
	every deny in denies {
		deny.fields
	}
	fields_of_ways := {name | some way in ways; some name in object.get(way.grant, "fields", this_resource.plain)}
	fields_denied := {name | some deny in denies; some name in deny.fields}
}

# Grants in sources that cover the record, of which all limits are true.
ways_to(record) := [{"source": source, "grant": grant} |
	some source in active
	covers(source.place, place_of(record))
	some grant in tables[source.of][source.name].grants[input.resource][input.action]
	limits := limits_of(source, grant)
	every number in limits {
		holds(number, "true", record)
	}
]

# Where a user overrides limits, the source brings those that stand.
limits_of(source, grant) := object.get(source, ["limits", input.resource, input.action], grant.limits)

is_met(record) if {
	required := this_resource.actions[input.action].requires
	required_holds(required, record)
}

required_holds(required, _) if required == null

required_holds(required, record) if holds(required, "true", record)

is_appended(record) if {
	appends := [number | some number in this_user.appends[input.resource][input.action]]
	every number in appends {
		holds(number, "true", record)
	}
}

# A deny applies unless its condition is false.
denies_of(record) := array.concat(
	[deny |
		some deny in tables.denies[input.resource][input.action]
		not is_harmless(deny, record)
	],
	[deny |
		some source in active
		covers(source.place, place_of(record))
		some deny in tables[source.of][source.name].denies[input.resource][input.action]
		not is_harmless(deny, record)
	],
)

is_harmless(deny, record) if holds(deny.condition, "false", record)

# --- sources and places ------------------------------------------------------------------------------------

# The group and the roles of the user, today.
active := active_of(this_user)

active_of(user) := [source |
	some source in user.sources
	source.from <= input.today
	input.today <= source.until
	object.get(source, "since", input.now) <= input.now
	not is_over(source)
]

is_over(source) if source.before <= input.now

covers(place, _) if place == null

covers(place, of_record) if tables.places[of_record].within[place]

place_of(record) := object.get(record, this_resource.place, null) if this_resource.place != null

place_of(_) := null if this_resource.place == null

# A record at a place that there is not is nobody's.
is_well_placed(record) if place_of(record) == null

is_well_placed(record) if tables.places[place_of(record)].kind == this_resource.attributes[this_resource.place].place

# --- what is written ---------------------------------------------------------------------------------------

written := after_record[kind]

after_record := {"create": input.record, "modify": changed_record}

writable(name) if object.get(written, name, null) == null

writable(name) if {
	given := written[name]
	given != null
	attribute := this_resource.attributes[name]
	fits(attribute.type, given)
	is_place(attribute.place, given)
	is_eligible(attribute.role, given)
}

is_place(kind, _) if kind == null

is_place(kind, given) if tables.places[given].kind == kind

is_eligible(role, _) if role == null

is_eligible(role, given) if {
	is_string(given)
	has_role(given, role)
}

is_eligible(role, given) if {
	role != null
	is_array(given)
	every user in given {
		has_role(user, role)
	}
}

has_role(user, role) if {
	tables.users[user].person
	some source in active_of(tables.users[user])
	tables[source.of][source.name].inside[role]
}

# --- why ---------------------------------------------------------------------------------------------------

reasons contains grant_reason(way) if {
	allow
	some state in [before, after]
	some way in state.ways
}

grant_reason(way) := sprintf("%s%s%s grants %s on `%s` (%s)", [
	way.grant.inside,
	tables[way.source.of][way.source.name].title,
	place_reason(way.source.place),
	input.action,
	input.resource,
	way.grant.at,
])

place_reason(place) := "" if place == null

place_reason(place) := sprintf(" at `%s`", [place]) if place != null

reasons contains "the request cannot be read, or names what there is not" if not readable

moments contains input.record if readable

moments contains changed_record if {
	readable
	count(changes) > 0
}

reasons contains sprintf("no grant of %s is open on this `%s`", [input.action, input.resource]) if {
	not allow
	some record in moments
	count(ways_to(record)) == 0
}

reasons contains sprintf("%s on `%s` requires what the user does not have", [input.action, input.resource]) if {
	not allow
	some record in moments
	not is_met(record)
}

reasons contains sprintf("a policy that is appended keeps this `%s` away", [input.resource]) if {
	not allow
	some record in moments
	not is_appended(record)
}

reasons contains sprintf("a deny blocks %s on this `%s` (%s)", [input.action, input.resource, deny.at]) if {
	not allow
	some record in moments
	some deny in denies_of(record)
	not deny.fields
}

reasons contains sprintf("no grant of %s on `%s` covers `%s`", [input.action, input.resource, name]) if {
	not allow
	some name in asked
	not name in covered
}

reasons contains sprintf("the user in `%s` is not eligible, or it is no value of that attribute", [name]) if {
	not allow
	some name in touched
	not writable(name)
}

reasons contains sprintf("there is no such place as this `%s` names", [input.resource]) if {
	not allow
	some record in moments
	not is_well_placed(record)
}
