// What the language server says as Markdown may quote names of any kind: only plain structure of it is shown.
const KEPT = new Set(["P", "PRE", "CODE", "SPAN", "STRONG", "EM", "UL", "OL", "LI", "H1", "H2", "H3", "H4", "HR", "BR", "BLOCKQUOTE", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "DEL"]);

export function clean(html: string): string {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const each of [...parsed.body.querySelectorAll("*")]) {
    if (KEPT.has(each.tagName)) for (const { name } of [...each.attributes]) { if (name !== "class") each.removeAttribute(name); }
    else each.replaceWith(each.textContent ?? "");
  }
  return parsed.body.innerHTML;
}
