// Runs from left to right: how long each took, and how it went. What fails in a row up to now is marked.
import { h, s } from "../shared/dom";
import { day, hour, moment, number, seconds } from "../shared/format";
import type { Any } from "../shared/link";
import { kindOf, kindWords, LOOKS } from "../shared/runs";

export interface Streak { since?: string; atLeast: boolean; count?: number; lastGood?: string }

const TOP = 22;
const FOOT = 40;

export function bars(runs: Any[], streak: Streak | null, pick: ((run: Any, from: Element) => void) | null, high = 150): HTMLElement {
  const shown = [...runs].reverse();
  const step = 26;
  // Wide enough to say since when.
  const width = Math.max(shown.length * step + 16, streak ? 240 : 120);
  const longest = Math.max(1, ...shown.map((run) => run.duration_s ?? 0));
  const first = streak?.since ? shown.findIndex((run) => run.started_at && run.started_at >= streak.since!) : -1;
  const parts: SVGElement[] = [];
  if (first >= 0) {
    const x = 8 + first * step - 3;
    const end = 8 + shown.length * step;
    parts.push(s("rect", { x, y: 0, width: end - x, height: high + FOOT, class: "outage" }));
    const room = width - x > 220;
    parts.push(s("text", { x: room ? x + 4 : width - 4, y: 14, class: "says", "text-anchor": room ? "start" : "end" }, `${streak!.atLeast ? "at least " : ""}since ${moment(streak!.since!)}`));
  }
  let lastDay = "";
  shown.forEach((run, at) => {
    const kind = kindOf(run);
    const x = 8 + at * step;
    const tall = run.duration_s ? Math.max(4, ((high - TOP - 6) * run.duration_s) / longest) : 4;
    const y = high - tall;
    const said = [run.started_at ? moment(run.started_at) : "not started", kindWords(run), seconds(run.duration_s),
      run.records_out !== undefined && run.records_out !== null ? `${number(run.records_out)} records written` : "",
      run.records_failed ? `${number(run.records_failed)} lost` : "", run.first_error ? String(run.first_error).slice(0, 200) : ""].filter(Boolean).join(", ");
    const bar: SVGElement = s("g", { role: pick ? "button" : "img", tabindex: pick ? (at === shown.length - 1 ? 0 : -1) : null, "aria-label": said, "data-run": run.id, class: "run",
      onclick: pick ? () => pick(run, bar) : null },
      s("title", {}, said),
      s("rect", { x, y, width: step - 6, height: tall, rx: 2, class: `bar b-${kind}` }),
      s("rect", { x, y: high + 4, width: step - 6, height: 18, rx: 3, class: `letter b-${kind}` }),
      s("text", { x: x + (step - 6) / 2, y: high + 17, class: `sign i-${kind}`, "aria-hidden": "true" }, LOOKS[kind]?.letter ?? "?"));
    parts.push(bar);
    if (run.started_at) {
      const today = day(run.started_at);
      if (today !== lastDay && at % 2 === 0) {
        parts.push(s("text", { x, y: high + FOOT - 4, class: "says" }, today));
        lastDay = today;
      }
    }
  });
  const from = shown[0]?.started_at;
  const to = shown[shown.length - 1]?.started_at;
  const label = `${number(shown.length)} runs${from && to ? `, ${day(from)} ${hour(from)} to ${day(to)} ${hour(to)}` : ""}; longest ${seconds(longest)}`;
  const svg = s("svg", { width, height: high + FOOT, viewBox: `0 0 ${width} ${high + FOOT}`, role: "group", "aria-label": label, class: "bars",
    onkeydown: (event) => walk(event as KeyboardEvent) }, ...parts);
  const box = h("div", { class: "scroll bars", tabindex: 0, role: "region", "aria-label": "Runs, the newest on the right" }, svg);
  requestAnimationFrame(() => { box.scrollLeft = box.scrollWidth; });
  return h("figure", {}, h("figcaption", { class: "quiet" }, `How long each run took; the longest ${seconds(longest)}`), box);
}

function walk(event: KeyboardEvent): void {
  const here = (event.target as Element).closest("[data-run]") as SVGElement | null;
  if (!here) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    here.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    return;
  }
  const all = [...here.parentElement!.querySelectorAll<SVGElement>("[data-run]")];
  const at = all.indexOf(here);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  const target = to === undefined ? undefined : all[to];
  if (!target) return;
  event.preventDefault();
  here.setAttribute("tabindex", "-1");
  target.setAttribute("tabindex", "0");
  target.focus();
}
