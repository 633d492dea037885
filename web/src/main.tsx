import "./style.css";
import { render } from "preact";
import { App } from "./app";
import type { PolicyDocument } from "./document";

const documents = JSON.parse(document.getElementById("data")!.textContent!) as PolicyDocument[];
render(<App documents={documents} />, document.getElementById("app")!);
