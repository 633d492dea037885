/** Which program is the server: nothing of this needs the editor. */

import * as path from "node:path";

/** What has to be known of the machine. */
export interface Machine {
  platform: NodeJS.Platform;
  path: string;
  exists(file: string): boolean;
}

export type Found =
  | { kind: "server"; command: string }
  | { kind: "untrusted" }
  | { kind: "missing"; advice: string };

const ENVIRONMENTS = [".venv", "venv"];

/** The server for some folders: the one that is set, else that of a folder's environment, else the one on PATH. */
export function findServer(folders: string[], setting: string, trusted: boolean, machine: Machine): Found {
  if (!trusted) return { kind: "untrusted" };
  if (setting !== "") {
    if (machine.exists(setting)) return { kind: "server", command: setting };
    return { kind: "missing", advice: `the setting policylang.server names ${setting}, which is not there` };
  }
  const windows = machine.platform === "win32";
  const paths = windows ? path.win32 : path.posix;
  const name = windows ? "policylang.exe" : "policylang";
  const inside = folders.flatMap((folder) =>
    ENVIRONMENTS.map((each) => paths.join(folder, each, windows ? "Scripts" : "bin", name)),
  );
  const entries = machine.path.split(paths.delimiter).filter((each) => paths.isAbsolute(each));
  const command = [...inside, ...entries.map((each) => paths.join(each, name))].find((each) => machine.exists(each));
  if (command !== undefined) return { kind: "server", command };
  return { kind: "missing", advice: "policylang is not installed: run pip install 'policylang[editor]'" };
}
