import { buildParser } from "@lezer/generator";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = process.env.POLICYLANG_ROOT ?? path.join(process.cwd(), "../..");
const parser = buildParser(fs.readFileSync(path.join(root, "editors/lezer/policylang.grammar"), "utf8"));

function policies(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".policy"))
    .map((name) => path.join(folder, name));
}

test("the Lezer grammar knows every token of the example policies", () => {
  const files = policies(path.join(root, "policies"));
  assert.ok(files.length > 10);
  for (const file of files) {
    const text = fs.readFileSync(file, "utf8");
    parser.parse(text).iterate({
      enter(node) {
        assert.ok(!node.type.isError, `${file}: ${text.slice(node.from, node.from + 40)}`);
      },
    });
  }
});

test("keywords and names", () => {
  const found: string[] = [];
  parser.parse('role x "Y" { grant view on z } # end').iterate({ enter: (node) => void found.push(node.name) });
  assert.deepEqual(found.slice(0, 4), ["File", "Keyword", "Name", "Text"]);
  assert.ok(found.includes("Comment"));
});
