// A change as a card. It shows and explains. There is no button for a yes here: a click in an app proves no person.
import { clear, h, name, table, type Child } from "../shared/dom";
import { number } from "../shared/format";
import { connect, type Answer, type Any } from "../shared/link";
import "./plan.css";

const VIEW = "aep-flow-mcp/plan";
/** How the guard begins what a change breaks. */
const STOPS = "Stops working: ";
const main = document.getElementById("app")!;
const WAITING = "Nothing is sent from here. The yes is asked for by the host itself, or on the approval page: this card only shows what it is about.";
const ENDS: Record<string, [string, string]> = {
  done: ["Done", "It was approved and sent."],
  declined: ["Declined", "Nothing was sent."],
  cancelled: ["Not decided", "Nothing was sent."],
  needs_confirmation: ["Waits for a yes", WAITING],
  refused: ["Refused", "Nothing was sent."],
  unchanged: ["Nothing to do", "Everything is as asked already."],
  failed: ["Failed", "It did not come about."],
  unknown: ["Outcome unknown", "Look before anything is tried again."],
  partly: ["Partly done", "Some of it is left as it is."],
};

function list(title: string, lines: Any[] | undefined, kind = ""): Child {
  return lines?.length ? h("section", { class: `panel ${kind}` }, h("h2", {}, title), h("ul", {}, ...lines.map((line) => h("li", { dir: "auto" }, String(line))))) : null;
}

function step(one: Any, at: number, several: boolean): Child {
  const parts: Child[] = [];
  const of = several ? `, step ${number(at)}` : "";
  if (one.changes?.length) {
    parts.push(table(`Before and after${of}`, ["field", "before", "after"],
      one.changes.map(([field, before, after]: string[]) => [name(field ?? ""), h("span", { class: "before" }, name(before ?? "", 4_000)), h("span", { class: "after" }, name(after ?? "", 4_000))])));
  }
  if (one.fields?.length) {
    parts.push(table(`What it holds${of}`, ["field", "value", "that is"], one.fields.map((field: string[]) => field.map((text) => name(text, 4_000)))));
  }
  if (one.rows?.length) {
    parts.push(table(`Mapping, ${number(one.rows.length)} rows${of}`, ["source", "target", "kind"], one.rows.map((row: string[]) => row.map((text) => name(text, 1_000)))));
  }
  for (const line of [...(one.names ?? []), ...(one.times ?? [])]) parts.push(h("p", { class: "quiet", dir: "auto" }, line));
  parts.push(h("details", {}, h("summary", {}, "The request"),
    h("pre", { dir: "auto", tabindex: 0, "aria-label": `The request${of}` }, `${one.method} ${one.path}${one.if_match ? `\nonly version ${one.if_match}` : ""}${one.body ? `\n\n${pretty(one.body)}` : ""}`)));
  return h("section", { class: "panel" }, h("h2", { dir: "auto" }, several ? `${at}. ${one.label}` : String(one.label)), ...(parts.filter(Boolean) as Node[]));
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function card(plan: Any): Child[] {
  const stops: string[] = plan.warnings.filter((line: string) => line.startsWith(STOPS)).map((line: string) => line.slice(STOPS.length));
  const others: string[] = plan.warnings.filter((line: string) => !line.startsWith(STOPS));
  const production = plan.sandbox_type !== "development";
  return [
    h("p", { class: production ? "where production" : "where" }, production ? "PRODUCTION: " : "", "sandbox ", name(plan.sandbox), ` (${plan.sandbox_type})`),
    plan.summary ? h("p", { dir: "auto" }, plan.summary) : null,
    list("Before anybody decides", others, "warned"),
    list("Stops working", stops, "warned"),
    plan.dependents.length > stops.length
      ? h("details", { class: "panel" }, h("summary", {}, `All ${number(plan.dependents.length)} that use it`), h("ul", {}, ...plan.dependents.map((line: string) => h("li", { dir: "auto" }, line))))
      : null,
    list("Secrets, by reference: filled in when it is sent, never shown", plan.references),
    list("May be secrets that passed through the conversation", plan.literal_secrets, "warned"),
    ...plan.steps.map((one: Any, at: number) => step(one, at + 1, plan.steps.length > 1)),
    plan.undone ? h("p", { class: "quiet" }, "If a step fails, what earlier steps created is deleted again.") : null,
    h("p", { class: "quiet" }, `Change ${String(plan.digest).slice(0, 16)}`),
  ];
}

function show(answer: Answer): void {
  main.setAttribute("aria-busy", "false");
  const found = answer.structured;
  const plan = answer.meta[VIEW] as Any;
  const [title, meaning] = ENDS[String(found.status)] ?? ["A change", ""];
  if (!found.status) {
    return clear(main, h("h1", {}, "A change"), h("p", { class: answer.failed ? "error" : "note", role: "status" }, answer.text || "There is no answer."));
  }
  clear(main, ...([
    h("h1", { dir: "auto" }, plan ? String(plan.title) : "A change"),
    h("p", { class: `status s-${found.status}`, role: "status" }, h("strong", {}, title), meaning ? `. ${meaning} ` : ". ", h("bdi", {}, found.message ?? "")),
    list("What is left", found.not_undone, "warned"),
    list("What was done", (found.done ?? []).map((one: Any) => [one.did, one.id].filter(Boolean).join(", id "))),
    ...(plan ? card(plan) : [found.preview ? h("pre", { dir: "auto", tabindex: 0, "aria-label": "Preview" }, found.preview) : null, list("Uses it", found.dependents, "warned")]),
    found.next_step ? h("p", { class: "note", dir: "auto" }, found.next_step) : null,
    h("p", { class: "note" }, "An app's button would be no proof of a person, so there is none. Whoever approves does it where the guard asks: in the host's own question, or on the approval page."),
  ].filter(Boolean) as Node[]));
}

void connect("plan", {
  input: () => clear(main, h("h1", {}, "A change"), h("p", { class: "note", role: "status" }, `It is being planned, or a person is being asked. ${WAITING}`)),
  answer: show,
  cancelled: (why) => clear(main, h("h1", {}, "A change"), h("p", { class: "note", role: "status" }, `The call was given up. ${why}`)),
});
