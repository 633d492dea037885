/** The extension: starts the server, and shows what it answers. */

import * as fs from "node:fs";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { matrixTable, recordOf, type Row } from "./answers";
import { findServer } from "./server";

const INSTALL = "How to install";
let client: LanguageClient | undefined;
let readme: vscode.Uri | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  readme = vscode.Uri.joinPath(context.extensionUri, "README.md");
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider("policylang", { provideTextDocumentContent: page }),
    vscode.commands.registerCommand("policylang.restart", restart),
    vscode.commands.registerCommand("policylang.matrix", showMatrix),
    vscode.commands.registerCommand("policylang.explain", explain),
    vscode.commands.registerCommand("policylang.diff", compare),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("policylang.server")) void restart();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function restart(): Promise<void> {
  await client?.stop();
  client = undefined;
  await start();
}

async function start(): Promise<void> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map((each) => each.uri.fsPath);
  const setting = vscode.workspace.getConfiguration("policylang").get<string>("server", "");
  const found = findServer(folders, setting, vscode.workspace.isTrusted, {
    platform: process.platform,
    path: process.env.PATH ?? "",
    exists: (file) => fs.existsSync(file),
  });
  if (found.kind === "untrusted") return;
  if (found.kind === "missing") {
    const chosen = await vscode.window.showWarningMessage(`policylang: ${found.advice}`, INSTALL);
    if (chosen === INSTALL) await vscode.commands.executeCommand("markdown.showPreview", readme);
    return;
  }
  client = new LanguageClient(
    "policylang",
    "policylang",
    { command: found.command, args: ["lsp"] },
    {
      documentSelector: [
        { scheme: "file", language: "policylang" },
        { scheme: "file", pattern: "**/*.test.{yaml,yml}" },
        { scheme: "file", pattern: "**/policylang.{yaml,yml}" },
      ],
      synchronize: {
        fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.policy,*.yaml,*.yml,*.csv,*.json,*.parquet}"),
      },
    },
  );
  await client.start();
}

async function ask(question: string, params: Record<string, unknown>): Promise<any> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const found: any = await client?.sendRequest(`policylang/${question}`, { uri, ...params });
  if (found?.error !== undefined) void vscode.window.showErrorMessage(`policylang: ${found.error}`);
  return found?.error === undefined ? found : undefined;
}

async function page(uri: vscode.Uri): Promise<string> {
  const code = /PL\d{3}/.exec(uri.path)?.[0] ?? "";
  return (await ask("rulePage", { code }))?.text ?? "";
}

async function show(text: string, language = "markdown"): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ content: text, language });
  await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
}

async function showMatrix(): Promise<void> {
  const found = await ask("matrix", {});
  if (found !== undefined) await show(matrixTable(found.rows as Row[]));
}

async function explain(): Promise<void> {
  const words = await vscode.window.showInputBox({ prompt: "user action resource", placeHolder: "dana@acme.test view customer" });
  const [user, action, resource] = (words ?? "").split(/\s+/);
  if (!user || !action || !resource) return;
  const given = await vscode.window.showInputBox({ prompt: "the record: attribute=value, …", placeHolder: "status=active" });
  if (given === undefined) return;
  const found = await ask("explain", { user, action, resource, record: recordOf(given) });
  if (found !== undefined) await show(found.text, "plaintext");
}

async function compare(): Promise<void> {
  const revision = await vscode.window.showInputBox({ prompt: "compare with which git revision?", value: "HEAD" });
  if (!revision) return;
  const found = await ask("diff", { revision });
  if (found === undefined) return;
  await show(found.same_access ? `The same access as in ${revision}.\n` : JSON.stringify(found.changes, null, 2), "json");
}
