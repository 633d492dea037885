import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixTable, recordOf } from "../src/answers";
import { findServer, type Machine } from "../src/server";

function machine(files: string[], platform: NodeJS.Platform = "linux", path = "/usr/bin:/opt/bin"): Machine {
  return { platform, path, exists: (file) => files.includes(file) };
}

test("the environment of the folder comes before PATH", () => {
  const both = machine(["/code/a/.venv/bin/policylang", "/opt/bin/policylang"]);
  assert.deepEqual(findServer(["/code/a"], "", true, both), { kind: "server", command: "/code/a/.venv/bin/policylang" });
  assert.deepEqual(findServer(["/code/b"], "", true, both), { kind: "server", command: "/opt/bin/policylang" });
});

test("on Windows", () => {
  const windows = machine(["C:\\a\\venv\\Scripts\\policylang.exe"], "win32", "C:\\bin");
  assert.deepEqual(findServer(["C:\\a"], "", true, windows), {
    kind: "server",
    command: "C:\\a\\venv\\Scripts\\policylang.exe",
  });
});

test("the setting comes first, and must be there", () => {
  const found = machine(["/mine", "/opt/bin/policylang"]);
  assert.deepEqual(findServer([], "/mine", true, found), { kind: "server", command: "/mine" });
  assert.equal(findServer([], "/gone", true, found).kind, "missing");
});

test("without a server it says how to install one", () => {
  const found = findServer(["/code/a"], "", true, machine([]));
  assert.equal(found.kind, "missing");
  assert.match(found.kind === "missing" ? found.advice : "", /pip install/);
});

test("nothing is started from a workspace that is not trusted, whatever is there", () => {
  const everything: Machine = { platform: "linux", path: "/usr/bin", exists: () => true };
  assert.deepEqual(findServer(["/code/a"], "/code/a/evil", false, everything), { kind: "untrusted" });
});

test("entries of PATH that are not absolute are passed over: they lead into the workspace", () => {
  const found = findServer([], "", true, { platform: "linux", path: ".:bin", exists: () => true });
  assert.equal(found.kind, "missing");
});

test("who can do what, as a table", () => {
  const rows = [
    { user: "a|b", resource: "y", actions: ["view"] },
    { user: "c", resource: "x", actions: ["view", "modify"] },
  ];
  assert.equal(
    matrixTable(rows),
    "# Who can do what\n\n| user | x | y |\n|---|---|---|\n| a\\|b |  | view |\n| c | view, modify |  |\n",
  );
  assert.match(matrixTable([]), /nobody/);
});

test("a record in words", () => {
  assert.deepEqual(recordOf("status=active, amount=3, vip=true"), { status: "active", amount: 3, vip: true });
});
