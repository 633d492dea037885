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

is_open(node, tests, record) if outcome(tests[node.test].op, tests[node.test], record) == node.outcome

is_open(node, _, _) if node.outcome == "any"

# --- tests -------------------------------------------------------------------------------------------------

# What may be undefined gets a name first: regorus takes `in` with an undefined value for false.

outcome("missing", test, record) := found == null if found := value(test.of, record)

outcome("eq", test, record) := equal(test.kind, first, second) if {
	first := present(test.of, record)
	second := present(test.and, record)
}

outcome("lt", test, record) := less(test.kind, first, second) if {
	first := present(test.of, record)
	second := present(test.and, record)
}

outcome("in", test, record) := found in test.values if found := present(test.of, record)

# Addresses of another version have another length, and are outside.
outcome("in_network", test, record) := true if {
	address := split(present(test.of, record), "%")[0]
	is_in_network(test, address)
}

outcome("in_network", test, record) := false if {
	address := split(present(test.of, record), "%")[0]
	not is_in_network(test, address)
}

outcome("has", test, record) := true if {
	items := present(test.of, record)
	wanted := present(test.and, record)
	some item in items
	item != null
	equal(test.kind, item, wanted)
}

outcome("has", test, record) := false if {
	items := present(test.of, record)
	wanted := present(test.and, record)
	every item in items {
		item != null
		equal(test.kind, item, wanted) == false
	}
}

outcome("overlaps", test, record) := true if {
	items := present(test.of, record)
	others := present(test.and, record)
	some item in items
	some other in others
	item != null
	other != null
	equal(test.kind, item, other)
}

outcome("overlaps", test, record) := false if {
	items := present(test.of, record)
	others := present(test.and, record)
	every item in items {
		every other in others {
			item != null
			other != null
			equal(test.kind, item, other) == false
		}
	}
}

outcome("empty", test, record) := count(items) == 0 if items := present(test.of, record)

outcome("hours", test, _) := is_between(test, input.time) if is_string(input.time)

outcome("weekdays", test, _) := input.weekday in test.days if is_string(input.weekday)

outcome("contains", test, record) := contains(whole, part) if {
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome("starts_with", test, record) := startswith(whole, part) if {
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome("ends_with", test, record) := endswith(whole, part) if {
	whole := present(test.of, record)
	part := present(test.and, record)
}

outcome("within", test, record) := between(first, found, now_as[test.kind]) if {
	found := present(test.of, record)
	first := edge_of(test.kind, "before", present(test.length, record))
}

outcome("within_next", test, record) := between(now_as[test.kind], found, last) if {
	found := present(test.of, record)
	last := edge_of(test.kind, "after", present(test.length, record))
}

outcome("older_than", test, record) := found < first if {
	found := present(test.of, record)
	first := edge_of(test.kind, "before", present(test.length, record))
}

# What an action requires. Nobody asks when these are false.
outcome("superuser", _, _) := this_user.superuser

outcome("granted", test, record) := true if {
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

is_in_network(test, address) if {
	count(address) == count(test.first)
	test.first <= address
	address <= test.last
}

# Over midnight where the last comes before the first.
is_between(test, time) := true if {
	test.first <= test.last
	test.first <= time
	time < test.last
}

else := true if {
	test.last < test.first
	test.first <= time
}

else := true if {
	test.last < test.first
	time < test.last
}

else := false

between(first, found, last) := true if {
	first <= found
	found <= last
}

else := false

equal(kind, first, second) := first == second if kind != "duration"

# A month is no certain number of days.
equal("duration", first, second) := length(first) == length(second) if {
	length(first)[0] == length(second)[0]
}

less("date", first, second) := first < second

less("datetime", first, second) := first < second

less("duration", first, second) := length(first)[1] < length(second)[1] if {
	length(first)[0] == length(second)[0]
}

less("number", first, second) := is_smaller(first, second) if {
	not startswith(first, "-")
	not startswith(second, "-")
}

less("number", first, second) := is_smaller(trim_left(second, "-"), trim_left(first, "-")) if {
	startswith(first, "-")
	startswith(second, "-")
}

less("number", first, second) := startswith(first, "-") if {
	startswith(first, "-") != startswith(second, "-")
}

# Of plain digits: the one with fewer of them before its point is smaller, else the text that sorts first.
is_smaller(first, second) := whole_digits(first) < whole_digits(second) if whole_digits(first) != whole_digits(second)

is_smaller(first, second) := first < second if whole_digits(first) == whole_digits(second)

whole_digits(number) := count(split(number, ".")[0])

length(duration) := ["minutes", duration.minutes]

length(duration) := ["minutes", duration.days * 1440]

length(duration) := ["months", duration.months]

# --- time --------------------------------------------------------------------------------------------------

now_as := {"datetime": input.now, "date": input.today}

signs := {"before": -1, "after": 1}

# What lies a duration before now, or after it. Undefined where the calendar, from year 1 to 9999, ends.
edge_of("datetime", side, duration) := found if {
	found := input.now + (signs[side] * microseconds(duration))
	found >= -62135596800000000
	found <= 253402300799999999
}

edge_of("date", side, duration) := found if {
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

value(operand, record) := found if {
	not operand.then
	found := raw(operand, record)
	fits(operand.type, found)
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
	items := type.set_of
	is_array(given)
	every item in given {
		fits_item(items, item)
	}
}

fits_item(_, item) if item == null

fits_item(type, item) if fits_one(type, item)

fits_one("text", given) if is_string(given)

fits_one(type, given) if given in type.one_of

fits_one("bool", given) if is_boolean(given)

fits_one("date", given) if is_number(given)

fits_one("datetime", given) if is_number(given)

fits_one("record", given) if is_string(given)

fits_one("record", given) if is_number(given)

fits_one("number", given) if {
	is_string(given)
	regex.match(`^-?(0|[1-9][0-9]*)([.][0-9]*[1-9])?$`, given)
	given != "-0"
}

fits_one("int", given) if {
	is_string(given)
	regex.match(`^(0|-?[1-9][0-9]*)$`, given)
}

fits_one("ip", given) if {
	is_string(given)
	regex.match(`^([0-9a-f]{8}|[0-9a-f]{32}(%[^%]+)?)$`, given)
}

fits_one("duration", given) if {
	is_object(given)
	count(given) == 1
	some unit, amount in given
	unit in {"minutes", "days", "months"}
	is_number(amount)
	amount >= 0
}
