// The address behind # says what is shown, so that every view can be linked to: #/view/name?option=value
import { useEffect, useState } from "preact/hooks";

export interface Route { view: string; name: string; options: URLSearchParams }

export function read(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/");
  return { view, name: decode(rest.join("/")), options: new URLSearchParams(query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function address(view: string, name = "", options: Record<string, string | null | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options)) if (value) query.set(key, value);
  const said = query.toString();
  return `#/${view}${name ? `/${encodeURIComponent(name)}` : ""}${said ? `?${said}` : ""}`;
}

export function useRoute(): Route {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const changed = () => set(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return read(hash);
}

/** Change options of the present view, without a step in the history. */
export function setOptions(changes: Record<string, string | null>): void {
  const { view, name, options } = read(location.hash);
  for (const [key, value] of Object.entries(changes)) value ? options.set(key, value) : options.delete(key);
  location.replace(address(view, name, Object.fromEntries(options)));
}
