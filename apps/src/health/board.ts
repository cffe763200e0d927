// The board: a row a flow, a cell an hour, a day or a week. A grid that arrow keys walk.
import { button, clear, h, name, type Child } from "../shared/dom";
import { day, hour, moment, number } from "../shared/format";
import { LOOKS, mark } from "../shared/runs";

export type Cell = [number, number, number, number, number, number];
export interface Flow { id: string; name: string; cells: Cell[]; overdue?: number[]; due?: number; ran?: number }
export interface Board {
  window: string; zone: string; step: "hour" | "day" | "week"; starts: number[]; end: number;
  flows: Flow[]; left_out: number; written: number[]; lost: number[];
}
export interface Picked { flow: Flow; from: number; to: number; words: string; cell: Element }

const PAGE = 50;

export function kindOf(cell: Cell): string {
  const [, , partial, failed, open] = cell;
  return failed ? "F" : partial ? "L" : open ? "R" : "S";
}

const isBad = (flow: Flow): boolean => Boolean(flow.overdue) || flow.cells.some((cell) => "FL".includes(kindOf(cell)));

export class BoardView {
  readonly element = h("section", { class: "board", "aria-labelledby": "flows" });
  private shown = PAGE;
  private words = "";
  private only = false;
  private body = h("div");
  private scrolled = h("div");
  private atNewest = true;
  private board: Board;
  private spans: string[];

  constructor(board: Board, private pickCell: (picked: Picked) => void, private pickFlow: (flow: Flow, from: Element) => void) {
    this.board = board;
    this.spans = board.starts.map((_, at) => this.span(at));
    const search = h("input", { type: "search", placeholder: "Find a flow", "aria-label": "Find a flow by name",
      oninput: (event) => { this.words = (event.target as HTMLInputElement).value.toLowerCase(); this.shown = PAGE; this.draw(); } });
    const only = button("Only problems", () => {
      this.only = !this.only;
      only.setAttribute("aria-pressed", String(this.only));
      this.draw();
    }, { "aria-pressed": "false" });
    this.element.append(
      h("div", { class: "row between" }, h("h2", { id: "flows" }, `Flows by ${board.step}`), h("div", { class: "row" }, search, only)),
      legend(),
      this.body,
    );
    this.draw();
  }

  private wanted(): Flow[] {
    return this.board.flows.filter((flow) => (!this.only || isBad(flow)) && (!this.words || flow.name.toLowerCase().includes(this.words)));
  }

  private draw(): void {
    const flows = this.wanted();
    const told = this.board.flows.length ? "No flow fits." : "No flow ran or was due in this window.";
    if (!flows.length) return clear(this.body, h("p", { role: "status" }, told));
    const part = flows.slice(0, this.shown);
    const more = flows.length - part.length;
    const foot: Child[] = [`${number(part.length)} of ${number(flows.length)} flows`];
    if (more) foot.push(button(`Show ${number(Math.min(more, PAGE))} more`, () => { this.shown += PAGE; this.draw(); }));
    if (this.board.left_out) foot.push(`${number(this.board.left_out)} more are not sent: narrow the question.`);
    const before = this.scrolled.scrollLeft;
    this.scrolled = this.grid(part);
    this.scrolled.addEventListener("scroll", () => { this.atNewest = hasEnd(this.scrolled); });
    clear(this.body, this.scrolled, h("div", { class: "row quiet", role: "status" }, ...foot));
    this.scrolled.scrollLeft = before;
    requestAnimationFrame(() => this.fit());
  }

  /** What is newest is seen where not all fits; whoever has looked elsewhere stays there. */
  fit(): void {
    if (this.atNewest) this.scrolled.scrollLeft = this.scrolled.scrollWidth;
  }

  private grid(flows: Flow[]): HTMLDivElement {
    const { starts, step } = this.board;
    // Few cells are wide enough for their own time; of many, some are told.
    const wide = starts.length <= 14 && step !== "hour";
    const every = wide ? 1 : step === "hour" ? 4 : 3;
    const heads = starts.map((start, at) => {
      const label = step === "hour" ? hour(start) : day(start);
      return h("th", { scope: "col", class: "time" }, h("span", { class: at % every === 0 ? "" : "hidden" }, label));
    });
    const grid = h(
      "table",
      { role: "grid", "aria-labelledby": "flows", class: wide ? "cells wide" : "cells", onkeydown: (event) => walk(event as KeyboardEvent, grid),
        onclick: (event) => this.clicked(event.target as Element) },
      h("thead", {}, h("tr", { role: "row" }, h("th", { scope: "col", class: "flow" }, "Flow"), ...heads)),
      h("tbody", {}, ...flows.map((flow) => this.row(flow))),
    );
    grid.querySelector("tbody [data-at]")?.setAttribute("tabindex", "0");
    return h("div", { class: "scroll" }, grid);
  }

  private row(flow: Flow): HTMLElement {
    const cells = new Map<number, Cell>(flow.cells.map((cell) => [cell[0], cell]));
    const overdue = new Set(flow.overdue ?? []);
    const marks = this.board.starts.map((_, at) => {
      const cell = cells.get(at);
      const kind = cell ? kindOf(cell) : overdue.has(at) ? "O" : "";
      const said = `${this.spans[at]}: ${words(cell, overdue.has(at))}`;
      return h("td", { role: "gridcell", tabindex: -1, "data-at": at, "data-flow": flow.id, class: kind ? `cell k-${kind}` : "cell none",
        "aria-label": said, title: said },
        kind ? LOOKS[kind]?.letter : "");
    });
    const late = flow.due ? ` (ran ${number(flow.ran ?? 0)} of ${number(flow.due)})` : "";
    const label = name(flow.name, 120);
    const head = flow.id
      ? h("button", { type: "button", class: "link", tabindex: -1, "data-flow-name": flow.id }, label)
      : h("span", {}, label);
    return h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row", class: "flow" }, head, late ? h("span", { class: "quiet" }, late) : null), ...marks);
  }

  private span(at: number): string {
    const { starts, step, end } = this.board;
    const from = starts[at] ?? end;
    const to = starts[at + 1] ?? end;
    if (step === "hour") return `${day(from)} ${hour(from)} to ${hour(to)}`;
    return step === "day" ? day(from) : `${day(from)} to ${day(to)}`;
  }

  private clicked(target: Element): void {
    const opener = target.closest("[data-flow-name]");
    const flowId = opener?.getAttribute("data-flow-name");
    if (opener && flowId) {
      const flow = this.board.flows.find((one) => one.id === flowId);
      if (flow) this.pickFlow(flow, opener);
      return;
    }
    const cell = target.closest("[data-at]");
    if (!cell) return;
    const at = Number(cell.getAttribute("data-at"));
    const row = [...(cell.parentElement?.parentElement?.children ?? [])].indexOf(cell.parentElement as Element);
    const flow = this.wanted()[row];
    const from = this.board.starts[at];
    if (flow?.id && from !== undefined) {
      this.pickCell({ flow, from, to: this.board.starts[at + 1] ?? this.board.end, words: this.spans[at] ?? "", cell });
    }
  }
}

const hasEnd = (box: HTMLElement): boolean => box.scrollLeft + box.clientWidth >= box.scrollWidth - 2;

function words(cell: Cell | undefined, overdue: boolean): string {
  if (!cell) return overdue ? "overdue, no run" : "no run";
  const [, succeeded, partial, failed, open, lost] = cell;
  const counts: [number, string][] = [[failed, "failed"], [partial, "lost records"], [open, "running or waiting"], [succeeded, "succeeded"]];
  const parts = counts.filter(([count]) => count).map(([count, word]) => `${number(count)} ${word}`);
  return parts.join(", ") + (lost ? `; ${number(lost)} records lost` : "");
}

function legend(): HTMLElement {
  const one = (kind: string): Child => h("span", { class: "row one" }, mark(kind), LOOKS[kind]?.words);
  return h("p", { class: "row legend", "aria-label": "Legend" }, ...Object.keys(LOOKS).map(one));
}

/** Arrow keys walk the cells and the names, Home and End the row; Enter opens. One of them is in the order of tabs. */
function walk(event: KeyboardEvent, grid: HTMLTableElement): void {
  const here = (event.target as Element).closest("td, th button");
  const row = here?.closest("tr");
  if (!here || !row) return;
  if (event.key === "Enter" || event.key === " ") {
    if (here instanceof HTMLTableCellElement) {
      event.preventDefault();
      here.click();
    }
    return;
  }
  const rows = [...grid.tBodies[0]!.rows];
  const stops = (of: HTMLTableRowElement): Element[] => [...of.querySelectorAll("th button, td")];
  const at = stops(row).indexOf(here);
  const down = rows.indexOf(row);
  const rtl = getComputedStyle(grid).direction === "rtl" ? -1 : 1;
  const to: Record<string, [number, number]> = {
    ArrowRight: [down, at + rtl], ArrowLeft: [down, at - rtl], ArrowDown: [down + 1, at], ArrowUp: [down - 1, at],
    Home: [down, 0], End: [down, stops(row).length - 1], PageDown: [Math.min(down + 10, rows.length - 1), at], PageUp: [Math.max(down - 10, 0), at],
  };
  const wanted = to[event.key];
  if (!wanted) return;
  event.preventDefault();
  const next = rows[wanted[0]];
  const target = next && stops(next)[wanted[1]];
  if (!(target instanceof HTMLElement)) return;
  grid.querySelectorAll('[tabindex="0"]').forEach((one) => one.setAttribute("tabindex", "-1"));
  target.setAttribute("tabindex", "0");
  target.focus();
}

export const windowWords = (board: { starts: number[]; end: number; zone: string }): string =>
  `${moment(board.starts[0] ?? board.end)} to ${moment(board.end)} (${board.zone})`;
