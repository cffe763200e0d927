// Records written and lost over the window. Two charts over one axis of time: what is lost is small beside what is written.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { h, table } from "../shared/dom";
import { compact, day, hour, number } from "../shared/format";
import type { Board } from "./board";

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0);

/** So many of the times, evenly: each is told once, where it begins. */
const told = (starts: number[], most: number): number[] => starts.filter((_, at) => at % Math.ceil(starts.length / most) === 0);

export class Chart {
  readonly element = h("section", { class: "panel chart", "aria-labelledby": "records" });
  private plots: uPlot[] = [];
  private places: HTMLElement[] = [];

  constructor(private board: Board) {
    const label = (at: number): string => (board.step === "hour" ? `${day(board.starts[at]!)} ${hour(board.starts[at]!)}` : day(board.starts[at]!));
    const said = (what: string, values: number[]): string => {
      const top = Math.max(0, ...values);
      return `${number(sum(values))} records ${what}` + (top ? `, most from ${label(values.indexOf(top))}: ${number(top)}` : "");
    };
    const figure = (what: string, values: number[]): HTMLElement => {
      const place = h("div", { role: "img", "aria-label": said(what, values) });
      this.places.push(place);
      return h("figure", {}, h("figcaption", { class: "quiet" }, `Records ${what}: ${number(sum(values))}`), place);
    };
    const rows = board.starts.map((_, at) => [label(at), number(board.written[at] ?? 0), number(board.lost[at] ?? 0)]);
    this.element.append(
      h("h2", { id: "records" }, "Records"),
      figure("written", board.written),
      figure("lost", board.lost),
      h("details", {}, h("summary", {}, "As a table"), table(`Records by ${board.step}`, ["from", "written", "lost"], rows, [1, 2])),
    );
  }

  draw(): void {
    const { board } = this;
    this.plots.forEach((plot) => plot.destroy());
    const width = Math.max(200, (this.places[0]?.clientWidth ?? 0) || 600);
    this.plots = [
      this.plot(this.places[0]!, board.written, "--written", width),
      this.plot(this.places[1]!, board.lost, "--lost-line", width),
    ];
  }

  private plot(place: HTMLElement, values: number[], paint: string, width: number): uPlot {
    const { board } = this;
    const axis = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
    const bars = uPlot.paths.bars!({ size: [0.8, 40], align: 1 });
    return new uPlot(
      {
        width, height: 110, legend: { show: false }, cursor: { show: false }, select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        scales: { x: { time: false, range: () => [board.starts[0] ?? 0, board.end] }, y: { range: (_plot, _low, high) => [0, high || 1] } },
        axes: [
          { ...axis, size: 22, space: 70, grid: { show: false }, splits: () => told(board.starts, Math.max(2, Math.floor((width - 60) / 75))), values: (_plot, splits) => splits.map((at) => (board.step === "hour" ? hour(at) : day(at))) },
          { ...axis, size: 48, space: 30, values: (_plot, splits) => splits.map((value) => (Number.isInteger(value) ? compact(value) : "")) },
        ],
        series: [{}, { fill: colour(paint), stroke: colour(paint), width: 0, paths: bars, points: { show: false } }],
      },
      [board.starts, values],
      place,
    );
  }
}
