# The scenario tests of the policy set: `opa test --bundle .`
package policylang.access_test

import data.policylang.access
import rego.v1

# The scenarios that are decided otherwise than the policy set says.
failed contains number if {
	some number, scenario in data.policylang.scenarios
	not is_as_expected(scenario)
}

is_as_expected(scenario) if {
	found := access.allow with input as scenario.input
	found == scenario.allow
}

test_scenarios if {
	count(data.policylang.scenarios) > 0
	count(failed) == 0
}
