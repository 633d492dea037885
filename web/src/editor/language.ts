// The language as the editor reads it while somebody types, by the grammar that the parser's tables give.
import { foldInside, foldNodeProp, HighlightStyle, indentNodeProp, delimitedIndent, LanguageSupport, LRLanguage, syntaxHighlighting } from "@codemirror/language";
import { styleTags, tags } from "@lezer/highlight";
import { parser } from "./policylang.grammar";

const language = LRLanguage.define({
  name: "policylang",
  parser: parser.configure({
    props: [
      styleTags({
        Keyword: tags.keyword, Name: tags.name, Text: tags.string, Date: tags.literal, Time: tags.literal,
        Number: tags.number, Operator: tags.operator, Punctuation: tags.punctuation, Comment: tags.lineComment,
      }),
      indentNodeProp.add({ Block: delimitedIndent({ closing: "}" }), Group: delimitedIndent({ closing: ")" }), List: delimitedIndent({ closing: "]" }) }),
      foldNodeProp.add({ Block: foldInside }),
    ],
  }),
  languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.literal, tags.number], color: "var(--warn)" },
  { tag: [tags.lineComment, tags.punctuation, tags.operator], color: "var(--dim)" },
]);

export function policies() {
  return [new LanguageSupport(language), syntaxHighlighting(colours)];
}
