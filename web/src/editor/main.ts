// The editor. It is a script of its own, because a report needs none.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { forEachDiagnostic, lintGutter, lintKeymap } from "@codemirror/lint";
import { findReferencesKeymap, formatKeymap, hoverTooltips, jumpToDefinitionKeymap, LSPClient, renameKeymap, serverCompletion, serverDiagnostics, signatureHelp, type Transport } from "@codemirror/lsp-client";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import type { EditorModule, Opened, OpenOptions } from "../editing";
import { clean } from "./clean";
import { policies } from "./language";
import { theme } from "./theme";

function connect(transport: Transport, rootUri: string): LSPClient {
  const client = new LSPClient({
    rootUri, timeout: 30_000, sanitizeHTML: clean,
    extensions: [serverCompletion(), hoverTooltips(), signatureHelp(), serverDiagnostics()],
  });
  return client.connect(transport);
}

function open(place: HTMLElement, { text, uri, label, client, changed, found, save }: OpenOptions): Opened {
  // Inside a shadow root its styles are sheets, which the page's content security policy lets be.
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  root.replaceChildren();
  let mistakes = -1;
  const told = EditorView.updateListener.of((update) => {
    if (update.docChanged) changed?.(update.state.doc.toString());
    let count = 0;
    forEachDiagnostic(update.state, () => { count++; });
    if (count !== mistakes) found?.(mistakes = count);
  });
  const view = new EditorView({
    parent: root, root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), foldGutter({ openText: "⌄", closedText: "›" }), drawSelection(), indentOnInput(),
        bracketMatching(), closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), lintGutter(), indentUnit.of("  "),
        keymap.of([
          ...(save ? [{ key: "Mod-s", preventDefault: true, run: () => (save(), true) }] : []),
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap,
          ...formatKeymap, ...renameKeymap, ...jumpToDefinitionKeymap, ...findReferencesKeymap,
        ]),
        policies(), theme, told, EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
        ...(client ? [(client as LSPClient).plugin(uri, "policylang")] : []),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    sync: () => (client as LSPClient | null)?.sync(),
    jump: (line, column) => {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const anchor = Math.min(at.from + Math.max(column - 1, 0), at.to);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

const made: EditorModule = { connect, open };
globalThis.policyEditor = made;
