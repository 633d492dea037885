/** Answers of the server as Markdown that the editor shows: nothing of this needs the editor. */

export interface Row {
  user: string;
  resource: string;
  actions: string[];
}

export interface Change {
  subjects?: { kind: string; name: string }[];
  [name: string]: unknown;
}

export function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/[\r\n]+/g, " ");
}

/** Who can do what, as a table: a row for each user, a column for each resource. */
export function matrixTable(rows: Row[]): string {
  const users = [...new Set(rows.map((row) => row.user))];
  const resources = [...new Set(rows.map((row) => row.resource))].sort();
  const byUser = new Map(users.map((user) => [user, new Map<string, string[]>()]));
  for (const row of rows) byUser.get(row.user)?.set(row.resource, row.actions);
  const lines = [
    `| user | ${resources.map(cell).join(" | ")} |`,
    `|${"---|".repeat(resources.length + 1)}`,
    ...users.map(
      (user) => `| ${cell(user)} | ${resources.map((each) => byUser.get(user)?.get(each)?.join(", ") ?? "").join(" | ")} |`,
    ),
  ];
  return `# Who can do what\n\n${users.length === 0 ? "nobody can do anything" : lines.join("\n")}\n`;
}

/** What `key=value` words say of a record; a value is JSON, or a text. */
export function recordOf(words: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const word of words.split(/,\s*/).filter((each) => each.includes("="))) {
    const at = word.indexOf("=");
    const value = word.slice(at + 1).trim();
    try {
      found[word.slice(0, at).trim()] = JSON.parse(value);
    } catch {
      found[word.slice(0, at).trim()] = value;
    }
  }
  return found;
}
