// A small host for one person who just wants to look: the same apps in frames, over the extension's own bridge. What an
// app asks for goes to the server that sent this page, which lets through what reads.
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";
import { button, clear, h } from "../shared/dom";
import "../shared/style.css";
import "./host.css";

interface View { app: string; title: string; tool: string; arguments: Record<string, unknown>; asks?: string; hint?: string }
type Theme = "light" | "dark";
type Given = Record<string, unknown>;

const place = document.getElementById("host")!;
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme: Theme = dark.matches ? "dark" : "light";
let bridge: AppBridge | null = null;

// deno-lint-ignore no-explicit-any
async function call(name: string, given: Given): Promise<any> {
  const response = await fetch("call", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, arguments: given }) });
  if (!response.ok) return { content: [{ type: "text", text: `The server answered ${response.status}. ${await response.text()}` }], isError: true };
  return response.json();
}

function dress(): void {
  document.documentElement.dataset.theme = theme;
  bridge?.setHostContext(context());
}

const context = () => ({ theme, locale: navigator.language, timeZone: "UTC", platform: "web" as const, displayMode: "fullscreen" as const });

async function open(view: View, given: Given, stage: HTMLElement): Promise<void> {
  await bridge?.close();
  const frame = h("iframe", { sandbox: "allow-scripts allow-downloads", title: view.title, class: "stage" });
  clear(stage, frame);
  const mine = new AppBridge(null, { name: "aep-flow-mcp board", version: "1" }, { serverTools: {}, logging: {} }, { hostContext: context() });
  bridge = mine;
  mine.oncalltool = (params) => call(params.name, params.arguments ?? {});
  mine.onsizechange = ({ height }) => {
    if (height) frame.style.height = `${Math.ceil(height)}px`;
  };
  const ready = new Promise<void>((done) => { mine.oninitialized = () => done(); });
  await mine.connect(new PostMessageTransport(frame.contentWindow!, frame.contentWindow!));
  frame.src = `${view.app}.html`;
  await ready;
  await mine.sendToolInput({ arguments: given });
  const result = await call(view.tool, given);
  if (bridge === mine) await mine.sendToolResult(result);
}

function start(views: View[]): void {
  const stage = h("div");
  const tabs = views.map((view) => button(view.title, () => choose(view), { "aria-pressed": "false" }));
  const ask = h("form", { class: "row ask", hidden: true, role: "search", "aria-label": "What to look at" });
  const paint = button("", () => { theme = theme === "dark" ? "light" : "dark"; say(); dress(); }, { class: "paint" });
  const say = (): void => { paint.textContent = theme === "dark" ? "Light" : "Dark"; };

  function choose(view: View): void {
    tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(views[at] === view)));
    ask.hidden = !view.asks;
    const asked = view.asks;
    if (!asked) return void open(view, view.arguments, stage);
    const field = h("input", { type: "text", required: true, maxlength: 300, "aria-label": view.hint ?? asked, placeholder: view.hint ?? asked });
    clear(ask, field, h("button", { type: "submit" }, "Show"));
    ask.onsubmit = (event) => {
      event.preventDefault();
      void open(view, { ...view.arguments, [asked]: field.value.trim() }, stage);
    };
    clear(stage);
    field.focus();
  }

  dark.addEventListener("change", () => { theme = dark.matches ? "dark" : "light"; say(); dress(); });
  say();
  clear(place, h("header", { class: "row between bar" }, h("h1", { class: "hidden" }, "Pipelines"), h("nav", { class: "row", "aria-label": "Views" }, ...(views.length > 1 ? tabs : [])), paint), ask, h("main", { class: "host" }, stage));
  dress();
  if (views[0]) choose(views[0]);
}

void fetch("views").then((answer) => answer.json()).then(start);
