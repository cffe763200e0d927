// Runs and diagnoses as tables, wherever a view shows them.
import { button, clear, h, name, table, type Child } from "./dom";
import { moment, number, seconds } from "./format";
import type { Answer, Any, Link } from "./link";

export const LOOKS: Record<string, { letter: string; words: string }> = {
  F: { letter: "F", words: "failed" },
  L: { letter: "L", words: "lost records" },
  O: { letter: "O", words: "overdue" },
  R: { letter: "R", words: "running or waiting" },
  S: { letter: "✓", words: "succeeded" },
};

export function mark(kind: string, letter = LOOKS[kind]?.letter ?? "?"): HTMLElement {
  return h("span", { class: `mark k-${kind}`, "aria-hidden": "true" }, letter);
}

export function kindOf(run: Any): string {
  if (run.status === "failed") return "F";
  if (run.status === "success") return run.records_failed ? "L" : "S";
  return String(run.status).startsWith("partial") ? "L" : "R";
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

export const kindWords = (run: Any): string =>
  run.status === "success" && run.records_failed ? "success, records lost" : String(run.status ?? "unknown").replaceAll("_", " ");

const amount = (value: Any): Child => (typeof value === "number" ? number(value) : "");

export function runsTable(caption: string, runs: Any[], details?: (run: Any) => void): HTMLElement {
  const heads = ["status", "started", "took", "read", "written", "lost", "error"];
  const withFlow = runs.some((run) => run.flow);
  if (withFlow) heads.splice(1, 0, "flow");
  const rows = runs.map((run) => {
    const cells: Child[] = [
      h("span", {}, mark(kindOf(run)), " ", kindWords(run)),
      run.started_at ? moment(run.started_at) : "not started",
      seconds(run.duration_s),
      amount(run.records_in),
      amount(run.records_out),
      amount(run.records_failed),
      details && run.errors
        ? button(run.first_error ? short(String(run.first_error), 110) : "errors", () => details(run), { class: "link", dir: "auto" })
        : run.first_error
          ? name(String(run.first_error), 200)
          : "",
    ];
    if (withFlow) cells.splice(1, 0, name(String(run.flow ?? "")));
    return cells;
  });
  const shift = withFlow ? 1 : 0;
  return table(caption, heads, rows, [2, 3, 4, 5].map((at) => at + shift));
}

/** A place below the view that says what was asked for; it is read out, and the focus goes there. */
export class Panel {
  readonly element = h("section", { class: "panel", "aria-live": "polite", hidden: true, tabindex: -1 });
  private back: Element | null = null;
  private asked = 0;

  async show(title: string, made: () => Promise<Child[]> | Child[], from?: Element | null): Promise<void> {
    const turn = ++this.asked;
    this.back = from ?? document.activeElement;
    const head = h("h2", { dir: "auto" }, title);
    const close = button("Close", () => this.close());
    const top = h("div", { class: "row between" }, head, close);
    const fill = (...children: Child[]): void => {
      if (turn === this.asked) clear(this.element, top, ...(children.filter(Boolean) as Node[]));
    };
    this.element.hidden = false;
    this.element.setAttribute("aria-label", title.slice(0, 200));
    fill(h("p", { role: "status", class: "quiet" }, "Asking the server."));
    this.element.focus({ preventScroll: true });
    try {
      fill(...(await made()));
    } catch (error) {
      fill(h("p", { class: "error", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
    if (turn === this.asked) this.element.scrollIntoView({ block: "nearest" });
  }

  close(): void {
    this.asked++;
    this.element.hidden = true;
    if (this.back instanceof HTMLElement || this.back instanceof SVGElement) this.back.focus();
  }
}

export function diagnosis(found: Any): Child[] {
  const list = (lines: string[]): Child => (lines?.length ? h("ul", {}, ...lines.map((line) => h("li", { dir: "auto" }, line))) : null);
  const bad = (found.checks ?? []).filter((check: Any) => check.result !== "ok");
  return [
    h("p", {}, h("strong", {}, String(found.cause ?? "").replaceAll("_", " ")), ": ", h("bdi", {}, found.headline ?? ""), ` (${found.certainty ?? ""})`),
    list(found.evidence),
    h("p", {}, h("strong", {}, "What to do: "), h("bdi", {}, found.fix ?? "")),
    h("p", {}, h("strong", {}, "Now: "), h("bdi", {}, found.now ?? "")),
    bad.length
      ? table("What it depends on and is not well", ["part", "name", "how it is"], bad.map((check: Any) => [check.part, name(check.name), name(check.result)]))
      : null,
    found.errors?.length
      ? table(
          "Errors",
          ["error", "runs", "share", "lost", "since", "meaning"],
          found.errors.map((error: Any) => [name(error.error), amount(error.runs), error.share, amount(error.lost), error.first ? moment(error.first) : "", name(error.meaning ?? error.message ?? "")]),
          [1, 2, 3],
        )
      : null,
  ];
}

export async function diagnose(link: Link, flow: string): Promise<Child[]> {
  const answer: Answer = await link.call("diagnose_flow", { flow });
  return diagnosis(answer.structured);
}

export async function errorsOf(link: Link, run: Any): Promise<Child[]> {
  const { structured } = await link.call("get_run", { run_id: run.id });
  const errors = structured.errors ?? [];
  if (!errors.length) return [h("p", {}, "The run tells no error.")];
  return [
    structured.fix ? h("p", {}, h("strong", {}, "What to try: "), h("bdi", {}, structured.fix)) : null,
    table("Errors of the run", ["code", "message", "count", "where"], errors.map((one: Any) => [name(one.code ?? ""), name(one.message ?? "", 2_000), amount(one.count), name(one.where ?? one.place ?? "")]), [2]),
  ];
}
