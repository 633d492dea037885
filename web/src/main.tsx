import "./style.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { App } from "./app";
import type { PolicyDocument } from "./document";
import { Live } from "./live";
import { Playground } from "./playground";

/** Where it is served: what is shown follows the files. */
function Following({ live }: { live: Live }) {
  const [documents, set] = useState<PolicyDocument[] | null>(null);
  const [problem, tell] = useState<string | null>(null);
  const [lost, lose] = useState(false);
  const [version, follow] = useState(0);
  useEffect(() => {
    live.watch((newest, wrong) => {
      follow(newest);
      tell(wrong);
      if (wrong === null) void live.documents().then(set);
    }, lose);
  }, []);
  if (!documents?.length) return <p class="empty">{problem ?? "Reading the policies …"}</p>;
  const notice = lost ? "The server does not answer: it may have ended. What is shown is the latest." : problem ? `Not up to date: ${problem}` : null;
  return <App documents={documents} live={live} notice={notice} version={version} />;
}

const data = document.getElementById("data");
const place = document.getElementById("app")!;
if (data) render(<App documents={JSON.parse(data.textContent!) as PolicyDocument[]} />, place);
else if ("playground" in document.body.dataset) render(<Playground />, place);
else render(<Following live={new Live()} />, place);
