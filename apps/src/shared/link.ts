// Where data comes from: a host that shows the app, or what was written into the file.
import { App, type McpUiHostContext } from "@modelcontextprotocol/ext-apps";
import { speak } from "./format";
import "./style.css";

// deno-lint-ignore no-explicit-any
export type Any = any;

export interface Answer {
  structured: Any;
  text: string;
  meta: Record<string, Any>;
  failed: boolean;
}

export interface Link {
  /** Whether more can be asked for; in a file that was sent by mail it cannot. */
  asks: boolean;
  call(tool: string, given: Record<string, unknown>): Promise<Answer>;
  save(name: string, type: string, content: string): Promise<void>;
}

export interface View {
  input?(given: Record<string, unknown>): void;
  answer(answer: Answer, link: Link): void;
  cancelled?(why: string): void;
  /** The theme or the size changed: what is drawn by numbers is drawn again. */
  redraw?(): void;
}

function read(result: Any): Answer {
  const texts = (result?.content ?? []).filter((one: Any) => one?.type === "text").map((one: Any) => String(one.text));
  return {
    structured: result?.structuredContent ?? {},
    text: texts.join("\n"),
    meta: result?._meta ?? {},
    failed: result?.isError === true,
  };
}

function dress(context: McpUiHostContext | undefined): void {
  if (context?.theme) document.documentElement.dataset.theme = context.theme;
  speak(context?.locale);
  const inset = context?.safeAreaInsets;
  if (inset) {
    document.body.style.padding = `${inset.top}px ${inset.right}px ${inset.bottom}px ${inset.left}px`;
  }
}

/** What a benchmark reads: when data came, and when what it shows was painted. */
function timed(show: () => void): void {
  performance.mark("data");
  show();
  requestAnimationFrame(() => setTimeout(() => performance.mark("painted")));
}

/** The arguments that say where: a call back asks the same organisation and sandbox. */
const PLACES = ["profile", "sandbox"];

export async function connect(title: string, view: View): Promise<void> {
  const data = document.getElementById("inlined");
  if (data) return fromFile(JSON.parse(data.textContent ?? "{}"), view);
  const app = new App({ name: `aep-flow-mcp ${title}`, version: "1" }, {}, { autoResize: true });
  let where: Record<string, unknown> = {};
  const link: Link = {
    asks: true,
    async call(tool, given) {
      const answer = read(await app.callServerTool({ name: tool, arguments: { ...where, ...given } }, { timeout: 120_000 }));
      if (answer.failed) throw new Error(answer.text || "It could not be read.");
      return answer;
    },
    async save(name, type, content) {
      if (!app.getHostCapabilities()?.downloadFile) return download(name, type, content);
      const binary = !type.startsWith("image/svg");
      const resource = binary
        ? { uri: `file:///${name}`, mimeType: type, blob: content }
        : { uri: `file:///${name}`, mimeType: type, text: content };
      await app.downloadFile({ contents: [{ type: "resource", resource }] });
    },
  };
  app.ontoolinput = (params) => {
    const given = (params.arguments ?? {}) as Record<string, unknown>;
    where = Object.fromEntries(PLACES.filter((one) => one in given).map((one) => [one, given[one]]));
    view.input?.(given);
  };
  app.ontoolresult = (params) => timed(() => view.answer(read(params), link));
  app.ontoolcancelled = (params) => view.cancelled?.(String(params.reason ?? ""));
  app.onhostcontextchanged = (context) => {
    dress(context);
    view.redraw?.();
  };
  addEventListener("resize", () => view.redraw?.());
  await app.connect();
  dress(app.getHostContext());
}

function fromFile(kept: Any, view: View): void {
  speak(navigator.language);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = (): void => {
    document.documentElement.dataset.theme = dark.matches ? "dark" : "light";
    view.redraw?.();
  };
  dark.addEventListener("change", follow);
  addEventListener("resize", () => view.redraw?.());
  follow();
  view.input?.(kept.arguments ?? {});
  const link: Link = {
    asks: false,
    call: () => Promise.reject(new Error("This is a file: it holds what was known when it was written.")),
    save: async (name, type, content) => download(name, type, content),
  };
  timed(() => view.answer(read(kept.result), link));
}

function download(name: string, type: string, content: string): void {
  const bytes = type.startsWith("image/svg") ? content : Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
