import { button, clear, h, name, type Child } from "../shared/dom";
import { moment, number } from "../shared/format";
import { connect, type Answer, type Any, type Link } from "../shared/link";
import { diagnosis, errorsOf, Panel, runsTable } from "../shared/runs";
import { bars, type Streak } from "./bars";
import "./bars.css";

const TITLE = "Runs of a flow";
const RUNS = 60;
const main = document.getElementById("app")!;
let asked: Record<string, unknown> = {};

function streakOf(found: Any): Streak | null {
  if (!found.since) return null;
  const text = String(found.since);
  return { since: text.replace(/^at least /, ""), atLeast: text.startsWith("at least "), count: found.in_a_row, lastGood: found.last_good };
}

function streakWords(streak: Streak): Child {
  const good = streak.lastGood ? `; the last good one was ${moment(streak.lastGood)}` : "";
  if (streak.count === 1) return h("p", { class: "error" }, `The newest run failed: ${moment(streak.since!)}${good}.`);
  const count = streak.count ? `The newest ${number(streak.count)} runs fail in a row` : "The newest runs fail";
  return h("p", { class: "error" }, `${count}, ${streak.atLeast ? "at least " : ""}since ${moment(streak.since!)}${good}.`);
}

function runs(found: Any[], streak: Streak | null, link: Link, panel: Panel): Child[] {
  if (!found.length) return [h("p", { role: "status" }, "There are no runs.")];
  const details = (run: Any, from?: Element): void =>
    void panel.show(runWords(run), () => errorsOf(link, run), from);
  return [bars(found, streak, link.asks ? details : null), panel.element, table(found, link, panel)];
}

function table(found: Any[], link: Link, panel: Panel): HTMLElement {
  return runsTable("Runs, the newest first", found, link.asks ? (run) => void panel.show(runWords(run), () => errorsOf(link, run)) : undefined);
}

const runWords = (run: Any): string => `Run ${run.started_at ? moment(run.started_at) : run.id}`;

/** list_runs: the runs of one flow or several; each flow in a figure of its own. */
function listed(found: Any, link: Link): void {
  const panel = new Panel();
  const items: Any[] = found.items ?? [];
  const flows = [...new Set(items.map((run) => String(run.flow ?? "")))];
  const one = flows.length <= 1;
  const next = found.next_cursor as string | undefined;
  const more = next && link.asks
    ? button("Older runs", () => void older(found, next, link, more as HTMLButtonElement, panel)) : null;
  const figures = one ? runs(items, null, link, panel) : [
    ...flows.slice(0, 12).map((flow) => h("section", {}, h("h2", {}, name(flow, 120)), bars(items.filter((run) => String(run.flow ?? "") === flow), null,
      link.asks ? (run, from) => void panel.show(runWords(run), () => errorsOf(link, run), from) : null, 72))),
    panel.element,
    table(items, link, panel),
  ];
  const count = found.count !== undefined && found.count !== null ? h("p", {}, `${number(found.count)} runs`) : null;
  clear(main, ...([
    h("h1", {}, one && flows[0] ? name(flows[0], 120) : "Runs"),
    found.note ? h("p", { class: "quiet", dir: "auto" }, found.note) : null,
    count,
    ...(count ? [] : figures),
    h("p", { class: "row quiet", role: "status" }, `${number(items.length)}${found.total ? ` of ${number(found.total)}` : ""} runs`, more),
  ].filter(Boolean) as Node[]));
}

async function older(found: Any, cursor: string, link: Link, from: HTMLButtonElement, panel: Panel): Promise<void> {
  from.disabled = true;
  try {
    const { structured } = await link.call("list_runs", { ...asked, cursor });
    listed({ ...structured, total: found.total ?? structured.total, items: [...(found.items ?? []), ...(structured.items ?? [])] }, link);
  } catch (error) {
    from.disabled = false;
    void panel.show("They could not be read", () => Promise.reject(error));
  }
}

/** diagnose_flow: why, and since when; the runs are asked for. */
function diagnosed(found: Any, link: Link): void {
  const panel = new Panel();
  const streak = streakOf(found);
  const place = h("div", { class: "panel", "aria-busy": "true" }, h("p", { role: "status", class: "quiet" }, link.asks ? "Reading its runs." : String(found.runs ?? "")));
  const below = h("div");
  const others: Any[] = found.further ?? [];
  clear(main, ...([
    h("h1", {}, name(String(found.flow), 160)),
    h("p", { class: "quiet" }, `${found.state ?? "state unknown"}, `, name(String(found.flow_id)), found.runs ? `: ${found.runs}` : ""),
    streak ? streakWords(streak) : null,
    place,
    h("section", { class: "panel", "aria-labelledby": "why" }, h("h2", { id: "why" }, "Why"), ...(diagnosis(found).filter(Boolean) as Node[])),
    ...others.map((other) => h("details", { class: "panel" }, h("summary", {}, name(String(other.flow), 120)), ...(diagnosis(other).filter(Boolean) as Node[]))),
    below,
  ].filter(Boolean) as Node[]));
  if (!link.asks) return;
  link.call("list_runs", { flow: found.flow_id, limit: RUNS }).then(
    ({ structured }) => {
      const [figure, slot, rows] = runs(structured.items ?? [], streak, link, panel);
      clear(place, ...([figure, slot].filter(Boolean) as Node[]));
      clear(below, ...([rows].filter(Boolean) as Node[]));
    },
    (error: unknown) => clear(place, h("p", { class: "error", role: "alert" }, error instanceof Error ? error.message : String(error))),
  ).finally(() => place.setAttribute("aria-busy", "false"));
}

function show(answer: Answer, link: Link): void {
  main.setAttribute("aria-busy", "false");
  const found = answer.structured;
  if (answer.failed || !(found.flow_id || found.items || found.count !== undefined)) {
    return clear(main, h("h1", {}, TITLE), h("p", { class: "error", role: "alert" }, answer.text || "There is no answer."));
  }
  if (found.flow_id) diagnosed(found, link);
  else listed(found, link);
}

void connect("timeline", {
  input: (given) => { asked = given; },
  answer: show,
  cancelled: (why) => clear(main, h("h1", {}, TITLE), h("p", { class: "note", role: "status" }, `The call was given up. ${why}`)),
});
