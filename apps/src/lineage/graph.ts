// The graph: laid out from left to right, the way data goes. Boxes are buttons, which arrow keys walk along the edges.
import { Graph as Layout, layout } from "@dagrejs/dagre";
import { s } from "../shared/dom";

export interface GraphNode { n: string; kind: string; id: string; name?: string; detail?: string }
export interface Drawn { nodes: GraphNode[]; edges: [string, string][]; effects: Map<string, Effect>; start?: string }
export type Effect = "breaks" | "starves" | "thins" | "stales";

export const EFFECTS: Record<Effect, { kind: string; letter: string; words: string }> = {
  breaks: { kind: "F", letter: "B", words: "breaks without it" },
  starves: { kind: "O", letter: "N", words: "gets no data without it" },
  thins: { kind: "L", letter: "L", words: "gets less data without it" },
  stales: { kind: "R", letter: "O", words: "goes on with old data without it" },
};
const WIDE = 190;
const HIGH = 46;

export const label = (node: GraphNode): string => node.name || node.id;
export const kindWords = (node: GraphNode): string => node.kind.replaceAll("_", " ");
const short = (text: string, most: number): string => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);

const pen = document.createElement("canvas").getContext("2d");
/** As much of a name as a box is wide: what names of one kind differ by often stands at their end. */
function fitting(text: string, wide: number): string {
  const signs = [...text.slice(0, 400)];
  if (!pen) return short(text, 22);
  pen.font = "600 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
  for (let kept = Math.min(signs.length, 60); kept > 2; kept--) {
    const tail = Math.floor(kept / 3);
    const cut = kept === signs.length ? text : `${signs.slice(0, kept - tail).join("")}…${signs.slice(signs.length - tail).join("")}`;
    if (pen.measureText(cut).width <= wide) return cut;
  }
  return short(text, 3);
}

export class GraphView {
  readonly svg = s("svg", { class: "graph", role: "group", "aria-label": "What feeds what" });
  private view = { x: 0, y: 0, width: 100, height: 100 };
  private whole = { width: 100, height: 100 };
  private boxes = new Map<string, SVGGElement>();
  private drawn: Drawn;

  constructor(drawn: Drawn, private pick: (node: GraphNode, from: Element) => void) {
    this.drawn = drawn;
    this.draw();
    this.svg.addEventListener("keydown", (event) => this.walk(event));
    this.svg.addEventListener("pointerdown", (event) => this.drag(event));
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15);
    }, { passive: false });
  }

  private draw(): void {
    const { nodes, edges, effects, start } = this.drawn;
    const graph = new Layout().setGraph({ rankdir: "LR", nodesep: 14, ranksep: 56, marginx: 8, marginy: 8 }).setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) graph.setNode(node.n, { width: WIDE, height: HIGH });
    for (const [from, to] of edges) graph.setEdge(from, to);
    layout(graph);
    const size = graph.graph() as { width?: number; height?: number };
    this.whole = { width: Math.max(size.width ?? 0, WIDE + 16), height: Math.max(size.height ?? 0, HIGH + 16) };
    const head = s("marker", { id: "head", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, s("path", { d: "M0 0 8 4 0 8z", class: "head" }));
    const clip = s("clipPath", { id: "inside" }, s("rect", { x: 0, y: 0, width: WIDE - 8, height: HIGH }));
    this.svg.replaceChildren(s("defs", {}, head, clip));
    for (const edge of graph.edges()) {
      const { points } = graph.edge(edge) as unknown as { points: { x: number; y: number }[] };
      const broken = effects.has(edge.w) && (effects.has(edge.v) || edge.v === start);
      this.svg.append(s("path", { d: smooth(points), class: broken ? "edge broken" : "edge", "marker-end": "url(#head)", "data-edge": `${edge.v}>${edge.w}` }));
    }
    nodes.forEach((node, at) => {
      const { x, y } = graph.node(node.n) as { x: number; y: number };
      this.svg.append(this.box(node, x - WIDE / 2, y - HIGH / 2, at === 0));
    });
    this.fit();
  }

  private box(node: GraphNode, x: number, y: number, first: boolean): SVGGElement {
    const effect = this.drawn.effects.get(node.n);
    // It begins with what is seen.
    const seen = `${kindWords(node)} ${label(node).slice(0, 200)}${effect ? ` ${EFFECTS[effect].letter}` : ""}`;
    const said = [seen, effect && EFFECTS[effect].words, node.detail?.slice(0, 200)].filter(Boolean).join(", ");
    const start = node.n === this.drawn.start;
    const box = s("g", { role: "button", tabindex: first ? 0 : -1, "aria-label": start ? `${said}, where this began` : said, "data-node": node.n,
      class: `node${start ? " start" : ""}${effect ? ` is-${effect}` : ""}`, transform: `translate(${x} ${y})`, onclick: () => this.pick(node, box) },
      s("rect", { width: WIDE, height: HIGH, rx: 6 }),
      s("text", { x: 10, y: 18, class: "kind", "aria-hidden": "true" }, `${short(kindWords(node), 24)} `),
      s("text", { x: 10, y: 36, class: "label", "aria-hidden": "true", "clip-path": "url(#inside)" }, fitting(label(node), WIDE - 20)),
      effect ? s("text", { x: WIDE - 12, y: 18, class: "effect", "aria-hidden": "true" }, ` ${EFFECTS[effect].letter}`) : null,
    );
    this.boxes.set(node.n, box);
    return box;
  }

  /** Left and right along the data, up and down in what is drawn; Enter opens. */
  private walk(event: KeyboardEvent): void {
    const here = (event.target as Element).closest("[data-node]");
    const at = here?.getAttribute("data-node");
    if (!at) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const node = this.drawn.nodes.find((one) => one.n === at);
      if (node) this.pick(node, here!);
      return;
    }
    const { nodes, edges } = this.drawn;
    const names = nodes.map((node) => node.n);
    const next: Record<string, string | undefined> = {
      ArrowRight: edges.find(([from]) => from === at)?.[1],
      ArrowLeft: edges.find(([, to]) => to === at)?.[0],
      ArrowDown: names[names.indexOf(at) + 1],
      ArrowUp: names[names.indexOf(at) - 1],
      Home: names[0],
      End: names[names.length - 1],
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    const wanted = next[event.key];
    if (wanted) this.focus(wanted);
  }

  focus(n: string): void {
    this.boxes.forEach((box, name) => box.setAttribute("tabindex", name === n ? "0" : "-1"));
    const box = this.boxes.get(n);
    if (!box) return;
    this.show(box);
    box.focus({ preventScroll: true });
  }

  private show(box: SVGGElement): void {
    const [x = 0, y = 0] = (box.getAttribute("transform")?.match(/-?[\d.]+/g) ?? []).map(Number);
    const { view } = this;
    if (x < view.x || x + WIDE > view.x + view.width) view.x = x + WIDE / 2 - view.width / 2;
    if (y < view.y || y + HIGH > view.y + view.height) view.y = y + HIGH / 2 - view.height / 2;
    this.look();
  }

  /** Marks what fits and goes to the first; how many fit. */
  find(words: string): number {
    const wanted = words.toLowerCase();
    const fits = (node: GraphNode): boolean => Boolean(wanted) && `${label(node)} ${node.id} ${kindWords(node)}`.toLowerCase().includes(wanted);
    const found = this.drawn.nodes.filter(fits);
    this.boxes.forEach((box, name) => box.classList.toggle("found", found.some((node) => node.n === name)));
    const first = found[0] && this.boxes.get(found[0].n);
    if (first) this.show(first);
    return found.length;
  }

  zoom(by: number): void {
    const { view, whole } = this;
    const width = Math.min(Math.max(view.width * by, 160), Math.max(whole.width * 2, 400));
    const factor = width / view.width;
    view.x += (view.width - width) / 2;
    view.y += (view.height - view.height * factor) / 2;
    view.width = width;
    view.height *= factor;
    this.look();
  }

  /** All of it, but never so small that nobody can read it, nor larger than it is. */
  fit(): void {
    const wide = this.svg.clientWidth || 900;
    const scale = Math.max(0.7, Math.min(1, wide / this.whole.width, 520 / this.whole.height));
    const high = Math.min(Math.max(this.whole.height * scale, 120), 520);
    this.svg.style.height = `${high}px`;
    this.view = { x: Math.min(0, (this.whole.width - wide / scale) / 2), y: Math.min(0, (this.whole.height - high / scale) / 2), width: wide / scale, height: high / scale };
    const start = this.drawn.start && this.boxes.get(this.drawn.start);
    this.look();
    if (start) this.show(start);
  }

  private look(): void {
    const { x, y, width, height } = this.view;
    this.svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  }

  private drag(event: PointerEvent): void {
    if ((event.target as Element).closest("[data-node]")) return;
    const scale = this.view.width / (this.svg.clientWidth || 1);
    let last = event;
    const move = (next: PointerEvent): void => {
      this.view.x -= (next.clientX - last.clientX) * scale;
      this.view.y -= (next.clientY - last.clientY) * scale;
      last = next;
      this.look();
    };
    const end = (): void => removeEventListener("pointermove", move);
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
  }

  /** All of it as a picture of its own, with the colours that are seen. */
  picture(): { text: string; width: number; height: number } {
    const { width, height } = this.whole;
    const copy = this.svg.cloneNode(true) as SVGSVGElement;
    const pairs: [Element, Element][] = [[this.svg, copy]];
    const seen = [...this.svg.querySelectorAll("*")];
    [...copy.querySelectorAll("*")].forEach((one, at) => pairs.push([seen[at]!, one]));
    for (const [from, to] of pairs) {
      const look = getComputedStyle(from);
      for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight"]) {
        if (look.getPropertyValue(name)) to.setAttribute(name, look.getPropertyValue(name));
      }
      for (const name of ["tabindex", "role", "class", "aria-label"]) to.removeAttribute(name);
    }
    const paper = getComputedStyle(document.body).backgroundColor;
    copy.prepend(s("rect", { width, height, fill: paper }));
    copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    copy.setAttribute("width", String(width));
    copy.setAttribute("height", String(height));
    copy.removeAttribute("style");
    return { text: new XMLSerializer().serializeToString(copy), width, height };
  }
}

function smooth(points: { x: number; y: number }[]): string {
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last) return "";
  if (points.length < 3) return `M${first.x} ${first.y}L${last.x} ${last.y}`;
  let path = `M${first.x} ${first.y}`;
  for (let at = 1; at < points.length - 1; at++) {
    const here = points[at]!;
    const next = points[at + 1]!;
    const end = at === points.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    path += `Q${here.x} ${here.y} ${end.x} ${end.y}`;
  }
  return path;
}
