# The records on which an action is open: what is left of the decision when all but the record is known. For tests of
# records elsewhere, such as a query; the record of the input is not looked at.
#
# A filter is {"all": filters}, {"any": filters}, or {"tests": tests, "formula": formula}. README.md says what tests are.
package policylang.access

import data.policylang.tables
import rego.v1

nothing := {"any": []}

everything := {"all": []}

default filter := {"any": []}

filter := {"all": array.concat([known_places, {"any": ways_left}, required_left], array.concat(appended_left, denied_left))} if {
	readable
	kind != "create"
}

# --- the parts of the decision -----------------------------------------------------------------------------

# A record at a place that there is not is nobody's.
known_places := everything if this_resource.place == null

known_places := {"any": [place_test("missing", [], true), place_test("in", places_below(null), true)]} if {
	this_resource.place != null
}

ways_left := [{"all": array.concat([covered_left(source.place)], [left(number, "true") | some number in limits])} |
	some source in active
	some grant in tables[source.of][source.name].grants[input.resource][input.action]
	limits := limits_of(source, grant)
]

required_left := everything if this_resource.actions[input.action].requires == null

required_left := left(this_resource.actions[input.action].requires, "true")

appended_left := [left(number, "true") | some number in this_user.appends[input.resource][input.action]]

# A deny of attributes leaves the action open.
denied_left := array.concat(
	[harmless_left(deny) |
		some deny in tables.denies[input.resource][input.action]
		not deny.fields
	],
	[{"any": [not_covered_left(source.place), harmless_left(deny)]} |
		some source in active
		some deny in tables[source.of][source.name].denies[input.resource][input.action]
		not deny.fields
	],
)

harmless_left(deny) := left(deny.condition, "false")

harmless_left(deny) := nothing if not has_condition(deny)

has_condition(deny) if deny.condition >= 0

# --- places ------------------------------------------------------------------------------------------------

covered_left(place) := everything if place == null

covered_left(place) := place_test("in", places_below(place), true) if place != null

not_covered_left(place) := nothing if place == null

not_covered_left(place) := {"any": [place_test("missing", [], true), place_test("in", places_below(place), false)]} if {
	place != null
}

# The places at which such a record can be, at a place or below it.
places_below(at) := [name |
	some name in object.keys(tables.places)
	tables.places[name].kind == this_resource.attributes[this_resource.place].place
	covers(at, name)
]

place_test(op, values, outcome_wanted) := {
	"tests": [{"op": op, "of": place_operand, "values": values}],
	"formula": {"test": 0, "is": outcome_wanted},
} if {
	this_resource.place != null
}

# A resource without a place is at none.
place_test(op, _, outcome_wanted) := {
	"tests": [{"op": "known", "outcome": op == "missing"}],
	"formula": {"test": 0, "is": outcome_wanted},
} if {
	this_resource.place == null
}

place_operand := {"record": this_resource.place, "type": "text"}

# --- conditions --------------------------------------------------------------------------------------------

left(number, wanted) := {
	"tests": [test_left(test) | some test in tables.conditions[number].tests],
	"formula": tables.conditions[number][wanted].formula,
}

test_left(test) := known_test(test) if not is_of_record(test)

test_left(test) := granted_left(test) if test.op == "granted"

test_left(test) := settled_test(test) if {
	is_of_record(test)
	test.op != "granted"
	not has_known_length(test)
}

test_left(test) := timed_test(test) if {
	is_of_record(test)
	has_known_length(test)
}

is_of_record(test) if test.of.record

is_of_record(test) if test["and"].record

is_of_record(test) if test.length.record

is_of_record(test) if test.op == "granted"

has_known_length(test) if {
	test.length
	not test.length.record
}

# A test that does not look at the record has its outcome already; null where that is unknown.
known_test(test) := {"op": "known", "outcome": found} if found := outcome(test.op, test, {})

else := {"op": "known", "outcome": null}

settled_test(test) := object.union(test, {name: settled(test[name]) |
	some name in ["of", "and", "length"]
	test[name]
})

settled(operand) := operand if operand.record

settled(operand) := settled_value(operand) if not operand.record

settled_value(operand) := {"constant": found} if found := value(operand, {})

else := {"constant": null}

timed_test(test) := {"op": "between", "of": settled(test.of), "first": first, "last": now_as[test.kind]} if {
	test.op == "within"
	first := edge_of(test.kind, "before", present(test.length, {}))
}

else := {"op": "between", "of": settled(test.of), "first": now_as[test.kind], "last": last} if {
	test.op == "within_next"
	last := edge_of(test.kind, "after", present(test.length, {}))
}

else := {"op": "lt", "kind": test.kind, "of": settled(test.of), "and": {"constant": first}} if {
	test.op == "older_than"
	first := edge_of(test.kind, "before", present(test.length, {}))
}

else := {"op": "known", "outcome": null}

# What an action requires at a kind of place depends on where the record is.
granted_left(test) := {"op": "known", "outcome": true} if {
	some source in granting(test)
	null in {source.place, test.at}
}

else := {"op": "known", "outcome": false} if this_resource.place == null

else := {"op": "in", "of": place_operand, "values": [place |
	some source in granting(test)
	tables.kinds[test.at].within[tables.places[source.place].kind]
	some place in places_below(source.place)
]}

granting(test) := [source |
	some source in active
	tables[source.of][source.name].grants[test.resource][test.action]
]
