// What the page has of the editor, which is a script of its own.

export interface Transport {
  send(message: string): void;
  subscribe(handler: (value: string) => void): void;
  unsubscribe(handler: (value: string) => void): void;
}
export interface OpenOptions {
  text: string; uri: string; label: string; client: unknown;
  changed?: (text: string) => void; found?: (count: number) => void; save?: () => void; ready?: () => void;
}
export interface Opened {
  text(): string;
  replace(text: string): void;
  /** Have the language server know what was typed. */
  sync(): void;
  jump(line: number, column: number): void;
  close(): void;
}
export interface EditorModule {
  connect(transport: Transport, rootUri: string): unknown;
  open(place: HTMLElement, options: OpenOptions): Opened;
}

declare global {
  // eslint-disable-next-line no-var
  var policyEditor: EditorModule | undefined;
}

let loading: Promise<EditorModule> | undefined;

/** The editor, loaded when it is first needed. */
export function editorModule(): Promise<EditorModule> {
  return (loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = "editor.js";
    script.onload = () => (globalThis.policyEditor ? done(globalThis.policyEditor) : failed(new Error("the editor did not start")));
    script.onerror = () => failed(new Error("the editor could not be loaded"));
    document.head.append(script);
  }));
}

/** A connection on which messages are whole texts. */
export function transport(send: (message: string) => void): { transport: Transport; receive: (message: string) => void } {
  const handlers = new Set<(value: string) => void>();
  return {
    transport: { send, subscribe: (each) => void handlers.add(each), unsubscribe: (each) => void handlers.delete(each) },
    receive: (message) => handlers.forEach((each) => each(message)),
  };
}
