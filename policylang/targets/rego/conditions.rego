# Conditions in three-valued logic: what a test says is true, false, or, where a value is missing or of another type,
# undefined.
#
# `data.policylang.tables.conditions` has for each condition its tests, and two networks: for when it is true, and for
# when it is false. A node of a network is a test with an outcome, and is open where the test has it. What is joined with
# `and` lies one behind the other, what is joined with `or` side by side; so the condition holds where a way over open
# nodes leads from the start to the end.
package policylang.access

import data.policylang.tables
import rego.v1

# Whether a condition is known to be "true", or known to be "false".
holds(number, wanted, record) if {
	network := tables.conditions[number][wanted]
	"end" in graph.reachable(open_nodes(network.nodes, tables.conditions[number].tests, record), network.start)
}

open_nodes(nodes, tests, record) := {name: node.next | some name, node in nodes; is_open(node, tests, record)}

is_open(node, tests, record) if outcome(tests[node.test], record) == node.outcome

is_open(node, _, _) if node.outcome == "any"

# --- tests -------------------------------------------------------------------------------------------------

outcome(test, record) := value(test.of, record) == null if test.op == "missing"

outcome(test, record) := equal(test.as, first, second) if {
	test.op == "eq"
	first := present(test.of, record)
	second := present(test.and, record)
}

outcome(test, record) := less(test.as, first, second) if {
	test.op == "lt"
	first := present(test.of, record)
	second := present(test.and, record)
}

outcome(test, record) := present(test.of, record) in test.values if test.op == "in"

outcome(test, record) := between(test.first, address, test.last) if {
	test.op == "in_network"
	address := split(present(test.of, record), "%")[0]
	count(address) == count(test.first)
}

outcome(test, record) := false if {
	test.op == "in_network"
	address := split(present(test.of, record), "%")[0]
	count(address) != count(test.first)
}

outcome(test, record) := true if {
	test.op == "has"
	wanted := present(test.and, record)
	some item in present(test.of, record)
	item != null
	equal(test.as, item, wanted)
}

outcome(test, record) := false if {
	test.op == "has"
	wanted := present(test.and, record)
	every item in present(test.of, record) {
		item != null
		equal(test.as, item, wanted) == false
	}
}

outcome(test, record) := contains(whole, part) if {
	test.op == "contains"
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome(test, record) := startswith(whole, part) if {
	test.op == "starts_with"
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome(test, record) := endswith(whole, part) if {
	test.op == "ends_with"
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome(test, record) := between(edge_of(test.as, "before", present(test.length, record)), found, now_as[test.as]) if {
	test.op == "within"
	found := present(test.of, record)
}

outcome(test, record) := between(now_as[test.as], found, edge_of(test.as, "after", present(test.length, record))) if {
	test.op == "within_next"
	found := present(test.of, record)
}

outcome(test, record) := found < edge_of(test.as, "before", present(test.length, record)) if {
	test.op == "older_than"
	found := present(test.of, record)
}

# What an action requires. Nobody asks when these are false.
outcome(test, _) := true if {
	test.op == "superuser"
	this_user.superuser
}

outcome(test, record) := true if {
	test.op == "granted"
	some source in active
	tables[source.of][source.name].grants[test.resource][test.action]
	is_high_enough(source.place, test.at, record)
}

is_high_enough(place, kind, _) if null in {place, kind}

is_high_enough(place, kind, record) if {
	covers(place, place_of(record))
	tables.kinds[kind].within[tables.places[place].kind]
}

# --- comparing ---------------------------------------------------------------------------------------------

between(first, found, last) := true if {
	first <= found
	found <= last
}

else := false

equal(kind, first, second) := first == second if kind != "duration"

# A month is no certain number of days.
equal(kind, first, second) := length(first) == length(second) if {
	kind == "duration"
	length(first)[0] == length(second)[0]
}

less(kind, first, second) := first < second if kind in {"date", "datetime"}

less(kind, first, second) := length(first) < length(second) if {
	kind == "duration"
	length(first)[0] == length(second)[0]
}

less(kind, first, second) := magnitude(first) < magnitude(second) if {
	kind == "number"
	not startswith(first, "-")
	not startswith(second, "-")
}

less(kind, first, second) := magnitude(second) < magnitude(first) if {
	kind == "number"
	startswith(first, "-")
	startswith(second, "-")
}

less(kind, first, second) := startswith(first, "-") if {
	kind == "number"
	startswith(first, "-") != startswith(second, "-")
}

# Of plain digits: the one with more of them before its point is larger, else the text that sorts later.
magnitude(number) := [count(split(digits, ".")[0]), digits] if digits := trim_left(number, "-")

length(duration) := ["minutes", duration.minutes]

length(duration) := ["minutes", duration.days * 1440]

length(duration) := ["months", duration.months]

# --- time --------------------------------------------------------------------------------------------------

now_as := {"datetime": input.now, "date": input.today}

signs := {"before": -1, "after": 1}

# What lies a duration before now, or after it. Undefined where the calendar, from year 1 to 9999, ends.
edge_of(kind, side, duration) := found if {
	kind == "datetime"
	found := input.now + (signs[side] * microseconds(duration))
	found >= -62135596800000000
	found <= 253402300799999999
}

edge_of(kind, side, duration) := found if {
	kind == "date"
	found := input.today + (signs[side] * duration.days)
	found >= -719162
	found <= 2932896
}

edge_of(kind, side, duration) := input.months[format_int(duration.months, 10)][side][kind]

microseconds(duration) := duration.minutes * 60000000 if duration.minutes < 6000000000

microseconds(duration) := duration.days * 86400000000 if duration.days < 4000000

# --- values ------------------------------------------------------------------------------------------------

# What an operand stands for, null where that is missing, undefined where it is not of its type.
value(operand, _) := operand.constant

value(operand, record) := raw(operand, record) if {
	not operand.then
	fits(operand.type, raw(operand, record))
}

value(operand, record) := object.get(tables.users, [user, "attributes", operand.then], null) if {
	user := raw(operand, record)
	fits("text", user)
}

raw(operand, record) := object.get(record, operand.record, null)

raw(operand, _) := object.get(request_attributes, operand.request, null)

raw(operand, _) := input.user if operand.user

present(operand, record) := found if {
	found := value(operand, record)
	found != null
}

# Whether it is a value of a type, or missing.
fits(_, given) if given == null

fits(type, given) if fits_one(type, given)

fits(type, given) if {
	is_array(given)
	every item in given {
		fits_item(type.set_of, item)
	}
}

fits_item(_, item) if item == null

fits_item(type, item) if fits_one(type, item)

fits_one(type, given) if {
	type in {"text", "record"}
	is_string(given)
}

fits_one(type, given) if given in type.one_of

fits_one(type, given) if {
	type == "bool"
	is_boolean(given)
}

fits_one(type, given) if {
	type in {"date", "datetime", "record"}
	is_number(given)
}

fits_one(type, given) if {
	type == "number"
	is_string(given)
	regex.match(`^-?(0|[1-9][0-9]*)([.][0-9]*[1-9])?$`, given)
	given != "-0"
}

fits_one(type, given) if {
	type == "int"
	is_string(given)
	regex.match(`^(0|-?[1-9][0-9]*)$`, given)
}

fits_one(type, given) if {
	type == "ip"
	is_string(given)
	regex.match(`^([0-9a-f]{8}|[0-9a-f]{32}(%[^%]+)?)$`, given)
}

fits_one(type, given) if {
	type == "duration"
	is_object(given)
	count(given) == 1
	some unit, amount in given
	unit in {"minutes", "days", "months"}
	is_number(amount)
	amount >= 0
}
