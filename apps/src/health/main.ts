import { button, clear, h, name, table, type Child } from "../shared/dom";
import { moment, number, speak } from "../shared/format";
import { connect, type Answer, type Any, type Link } from "../shared/link";
import { diagnose, errorsOf, Panel, runsTable } from "../shared/runs";
import { BoardView, windowWords, type Board, type Flow, type Picked } from "./board";
import "./board.css";
import { Chart } from "./chart";

const VIEW = "aep-flow-mcp/board";
const WINDOWS: [string, string][] = [["24h", "24 hours"], ["48h", "48 hours"], ["last 7 days", "7 days"], ["last 30 days", "30 days"]];
const RUNS = 50;

const main = document.getElementById("app")!;
let asked: Record<string, unknown> = {};
let chart: Chart | null = null;
let rows: BoardView | null = null;

function tiles(found: Any, missed: number): HTMLElement {
  const now = found.total ?? {};
  const before = found.before ?? {};
  const tile = (label: string, value: Any, was: Any): Child =>
    typeof value === "number"
      ? h("div", {}, h("dt", {}, label), h("dd", { class: "big" }, number(value)), typeof was === "number" ? h("dd", { class: "quiet" }, `before: ${number(was)}`) : null)
      : null;
  return h("dl", { class: "tiles", "aria-label": "Totals against the window before" },
    tile("runs", now.runs, before.runs), tile("succeeded", now.succeeded, before.succeeded), tile("with lost records", now.partial, before.partial),
    tile("failed", now.failed, before.failed), tile("running", now.in_progress, before.in_progress), tile("flows overdue", missed, undefined),
    tile("records written", now.records_out, before.records_out), tile("records lost", now.records_failed, before.records_failed));
}

function errors(found: Any): Child {
  if (!found.errors?.length) return null;
  const rows = found.errors.map((one: Any) => [name(one.error), number(one.runs), number(one.flows), one.last ? moment(one.last) : "", name(one.meaning ?? one.message ?? "")]);
  return table("Why runs fail", ["error", "runs", "flows", "last", "meaning"], rows, [1, 2]);
}

function windows(link: Link, current: string): HTMLElement {
  const ask = async (given: string, from: HTMLButtonElement): Promise<void> => {
    from.disabled = true;
    main.setAttribute("aria-busy", "true");
    try {
      const answer = await link.call("pipeline_health", { ...asked, window: given, cursor: undefined });
      asked = { ...asked, window: given };
      show(answer, link);
      main.querySelector<HTMLElement>('[aria-pressed="true"][data-window]')?.focus();
    } catch (error) {
      from.disabled = false;
      main.setAttribute("aria-busy", "false");
      const said = main.querySelector<HTMLElement>(".said");
      if (said) said.hidden = false;
      said?.replaceChildren(h("p", { class: "error", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  };
  return h("div", { class: "row", role: "group", "aria-label": "Window" }, ...WINDOWS.map(([given, label]) => {
    const choice = button(label, () => void ask(given, choice), { "data-window": given, "aria-pressed": String(given === current) });
    return choice;
  }));
}

function show(answer: Answer, link: Link): void {
  const found = answer.structured;
  const board = answer.meta[VIEW] as Board | undefined;
  const late = board ? board.flows.filter((flow) => flow.overdue).length : (found.more?.missed ?? found.missed?.length ?? 0);
  main.setAttribute("aria-busy", "false");
  if (answer.failed || !found.total) {
    return clear(main, h("h1", {}, "Health of pipelines"), h("p", { class: "error", role: "alert" }, answer.text || "There is no answer."));
  }
  if (board) speak(undefined, board.zone);
  const panel = new Panel();
  const cell = (picked: Picked): void =>
    void panel.show(`${picked.flow.name.slice(0, 120)}, ${picked.words}`, async () => runs(link, panel, picked), picked.cell);
  const flow = (one: Flow, from: Element): void =>
    void panel.show(one.name.slice(0, 120), () => diagnose(link, one.id), from);
  chart = board ? new Chart(board) : null;
  rows = board ? new BoardView(board, cell, flow) : null;
  const notes = (found.notes ?? []).filter((note: string) => !note.startsWith("next: "));
  clear(main, ...([
    h("div", { class: "row between" }, h("h1", {}, "Health of pipelines"), link.asks ? windows(link, String(asked.window ?? "24h")) : null),
    h("p", { class: "quiet" }, board ? windowWords(board) : String(found.window), ", ", name(String(found.scope)), `, ${number(found.flows)} flows`),
    h("div", { class: "said", hidden: true }),
    tiles(found, late),
    ...notes.map((note: string) => h("p", { class: "note", dir: "auto" }, note)),
    rows ? rows.element : h("p", { class: "note" }, "The host passed on no cells; what the tool said in words is above."),
    panel.element,
    chart?.element,
    errors(found),
  ].filter(Boolean) as Node[]));
  chart?.draw();
}

async function runs(link: Link, panel: Panel, picked: Picked): Promise<Child[]> {
  const iso = (at: number): string => new Date(at * 1000).toISOString();
  const { structured } = await link.call("list_runs", { flow: picked.flow.id, since: iso(picked.from), until: iso(picked.to), limit: RUNS });
  const found: Any[] = structured.items ?? [];
  if (!found.length) return [h("p", {}, "No run started in this time.")];
  const details = (run: Any): void => void panel.show(`Run ${run.id}`, () => errorsOf(link, run), picked.cell);
  return [runsTable("Runs that started in this time", found, details), found.length === RUNS ? h("p", { class: "quiet" }, `The newest ${number(RUNS)}.`) : null];
}

void connect("health", {
  input: (given) => { asked = given; },
  answer: show,
  cancelled: (why) => clear(main, h("h1", {}, "Health of pipelines"), h("p", { class: "note", role: "status" }, `The call was given up. ${why}`)),
  redraw: () => { chart?.draw(); rows?.fit(); },
});
