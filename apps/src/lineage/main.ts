import { button, clear, h, name, table, type Child } from "../shared/dom";
import { number } from "../shared/format";
import { connect, type Answer, type Any, type Link } from "../shared/link";
import { diagnose, mark, Panel } from "../shared/runs";
import { EFFECTS, GraphView, kindWords, label, type Drawn, type Effect, type GraphNode } from "./graph";
import "./graph.css";

const main = document.getElementById("app")!;
/** So many objects are drawn: a picture of more nobody reads, and the list below has all that were read. */
const MOST = 400;
const VIEW = "aep-flow-mcp/lineage";
let asked: Record<string, unknown> = {};
let view: GraphView | null = null;

/** What one answer and those that its cursors led to say together. */
class Found {
  nodes: GraphNode[] = [];
  edges: [string, string][] = [];
  effects = new Map<string, Effect>();
  lists: Record<string, string[]> = {};
  cursors: Record<string, string> = {};
  more: Record<string, number> = {};
  start = "";
  notes: string[] = [];
  private marked = false;

  add({ structured, meta }: Answer): void {
    const known = new Set(this.nodes.map((node) => node.n));
    this.nodes.push(...(structured.nodes ?? []).filter((node: GraphNode) => !known.has(node.n)));
    this.edges.push(...(structured.edges ?? []).map((edge: string) => edge.split(">", 2) as [string, string]));
    for (const list of Object.keys(EFFECTS) as Effect[]) {
      for (const line of (structured[list] ?? []) as string[]) {
        const n = line.split(" ", 1)[0]!;
        if (!this.effects.has(n)) this.effects.set(n, list);
        (this.lists[list] ??= []).push(line.slice(n.length + 1));
      }
    }
    // The lists are cut: of what is drawn, only this says all.
    const effects = (meta[VIEW] as Any)?.effects;
    this.marked ||= effects !== undefined;
    for (const [n, list] of Object.entries(effects ?? {})) this.effects.set(n, list as Effect);
    this.start ||= String(structured.start ?? "");
    if (structured.part) delete this.cursors[structured.part];
    this.cursors = { ...this.cursors, ...(structured.cursors ?? {}) };
    this.more = { ...this.more, ...(structured.more ?? {}) };
    this.notes.push(...(structured.notes ?? []));
  }

  unmarked(): boolean {
    return !this.marked && Object.keys(EFFECTS).some((list) => list in this.cursors);
  }

  drawn(): Drawn {
    const nodes = this.nodes.slice(0, MOST);
    const names = new Set(nodes.map((node) => node.n));
    const edges = this.edges.filter(([from, to]) => names.has(from) && names.has(to));
    const start = nodes.find((node) => `${kindWords(node)} ${label(node)}` === this.start);
    return { nodes, edges, effects: this.effects, start: start?.n };
  }
}

function lists(found: Found, more: (of: string, label: string) => Child): Child {
  const told = (Object.keys(EFFECTS) as Effect[]).filter((list) => found.lists[list]?.length);
  if (!told.length) return h("p", {}, "Nothing else is known to break without it.");
  return h("div", {}, ...told.map((list) => {
    const words = EFFECTS[list].words.replace(" without it", "");
    return h("details", { open: true }, h("summary", {}, `${words} (${number(found.more[list] ?? found.lists[list]!.length)})`),
      h("ul", {}, ...found.lists[list]!.map((line) => h("li", {}, name(line)))), more(list, `More that ${words}`));
  }));
}

function details(node: GraphNode, found: Found, link: Link, panel: Panel): Child[] {
  const names = new Map(found.nodes.map((one) => [one.n, label(one)]));
  const effect = found.effects.get(node.n);
  const near = (title: string, of: string[]): Child =>
    of.length ? h("div", {}, h("h3", {}, title), h("ul", {}, ...of.slice(0, 50).map((n) => h("li", {}, name(names.get(n) ?? n))))) : null;
  const trace = async (from: HTMLButtonElement): Promise<void> => {
    from.disabled = true;
    try {
      const given = { ...asked, object: node.id, object_kind: node.kind, cursor: undefined };
      const answer = await link.call("trace_lineage", given);
      asked = given;
      show(answer, link);
    } catch (error) {
      from.disabled = false;
      void panel.show("It could not be traced", () => Promise.reject(error));
    }
  };
  const actions: Child[] = [];
  if (link.asks) {
    const again = button("Trace from here", () => void trace(again));
    actions.push(again);
    if (node.kind === "flow") actions.push(button("Why does it fail?", () => void panel.show(label(node).slice(0, 120), () => diagnose(link, node.id))));
  }
  return [
    h("p", {}, kindWords(node), " ", name(node.id), node.detail ? h("span", { class: "quiet" }, ": ", name(node.detail)) : null),
    effect ? h("p", { class: "note" }, EFFECTS[effect].words) : null,
    near("fed by", found.edges.filter(([, to]) => to === node.n).map(([from]) => from)),
    near("feeds", found.edges.filter(([from]) => from === node.n).map(([, to]) => to)),
    actions.length ? h("div", { class: "row" }, ...actions) : null,
  ];
}

async function png(view: GraphView): Promise<string> {
  const { text, width, height } = view.picture();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(2, 8_000 / Math.max(width, height));
  const canvas = h("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",", 2)[1] ?? "";
}

function show(answer: Answer, link: Link): void {
  main.setAttribute("aria-busy", "false");
  if (answer.failed || !answer.structured.nodes) {
    return clear(main, h("h1", {}, "Lineage"), h("p", { class: "error", role: "alert" }, answer.text || "There is no answer."));
  }
  const found = new Found();
  found.add(answer);
  draw(found, link);
}

function draw(found: Found, link: Link): void {
  const panel = new Panel();
  const drawn = found.drawn();
  const graph = new GraphView(drawn, (node, from) => void panel.show(label(node).slice(0, 120), () => details(node, found, link, panel), from));
  view = graph;
  const hits = h("span", { class: "quiet", role: "status" });
  const search = h("input", { type: "search", placeholder: "Find an object", "aria-label": "Find an object by name, id or kind",
    oninput: () => { const count = graph.find(search.value); hits.textContent = search.value ? `${number(count)} found` : ""; },
    onkeydown: (event) => { if ((event as KeyboardEvent).key === "Enter") (main.querySelector(".node.found") as SVGElement | null)?.focus(); } });
  const save = (kind: "svg" | "png") => async (): Promise<void> => {
    try {
      if (kind === "svg") await link.save("lineage.svg", "image/svg+xml", graph.picture().text);
      else await link.save("lineage.png", "image/png", await png(graph));
    } catch (error) {
      void panel.show("It could not be saved", () => Promise.reject(error));
    }
  };
  const all = found.more["nodes"] ?? found.nodes.length;
  const more = (of: string, label: string): Child => {
    const next = found.cursors[of];
    if (!next || !link.asks) return null;
    const ask = button(label, () => void read(found, link, next, ask, panel));
    return ask;
  };
  const rows = found.nodes.map((node) => [kindWords(node), name(label(node)), name(node.detail ?? ""), found.effects.has(node.n) ? EFFECTS[found.effects.get(node.n)!].words : ""]);
  const kinds = [...new Set(found.effects.values())];
  clear(main, ...([
    h("div", { class: "row between" }, h("h1", {}, "Lineage"), h("div", { class: "row" },
      button("Save as SVG", () => void save("svg")()), button("Save as PNG", () => void save("png")()))),
    h("p", { class: "quiet" }, "What feeds what around ", name(found.start)),
    ...found.notes.map((note) => h("p", { class: "note", dir: "auto" }, note)),
    h("div", { class: "row between" }, h("div", { class: "row" }, search, hits), h("div", { class: "row", role: "group", "aria-label": "Zoom" },
      button("−", () => graph.zoom(1.25), { "aria-label": "Smaller" }), button("+", () => graph.zoom(0.8), { "aria-label": "Larger" }), button("All", () => graph.fit()))),
    kinds.length ? h("p", { class: "row legend", "aria-label": "Legend" }, ...kinds.map((kind) => h("span", { class: "row" }, mark(EFFECTS[kind].kind, EFFECTS[kind].letter), EFFECTS[kind].words))) : null,
    h("div", { class: "stage" }, graph.svg),
    h("p", { class: "row quiet", role: "status" }, `${number(Math.min(found.nodes.length, MOST))} of ${number(all)} objects are drawn`, more("nodes", "Read more")),
    found.unmarked() ? h("p", { class: "note" }, "The host passed on no marks: what is in none of the lists so far is not marked, and may break all the same.") : null,
    panel.element,
    h("section", { class: "panel", "aria-labelledby": "breaks" }, h("h2", { id: "breaks" }, "Without it"), lists(found, more)),
    h("details", {}, h("summary", {}, "As a table"), table("Objects", ["kind", "name", "about it", "without it"], rows)),
  ].filter(Boolean) as Node[]));
  graph.fit();
}

async function read(found: Found, link: Link, cursor: string, from: HTMLButtonElement, panel: Panel): Promise<void> {
  from.disabled = true;
  try {
    const answer = await link.call("trace_lineage", { ...asked, cursor });
    found.add(answer);
    draw(found, link);
  } catch (error) {
    from.disabled = false;
    void panel.show("It could not be read", () => Promise.reject(error));
  }
}

void connect("lineage", {
  input: (given) => { asked = given; },
  answer: show,
  cancelled: (why) => clear(main, h("h1", {}, "Lineage"), h("p", { class: "note", role: "status" }, `The call was given up. ${why}`)),
  redraw: () => view?.fit(),
});
